//#include memory.wgsl
//#include modular.wgsl
//#include chacha.wgsl

fn residuesOf(low: vec4u, high: vec4u, row: u32, p: i32) -> vec4u {
  let c1 = i32(launch[row + 2u]);
  let c2 = i32(launch[row + 3u]);
  let c3 = i32(launch[row + 4u]);
  return reduceWide(low, vec4i(high & vec4u(0xffffu)), vec4i(high >> vec4u(16u)), c1, c2, c3, p);
}

// out = the key stream's 64-bit little-endian words mod p. Row: out, p, three constants of `reduceWide`, seed.
@compute @workgroup_size(BLOCKS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 16u;
  let out = launch[row];
  let p = i32(launch[row + 1u]);
  let block = group.x * BLOCKS + lane;
  let s = keyStream(row + 5u, block);
  let first = 8u * block + vec4u(0u, 1u, 2u, 3u);
  storeFour(out, first, residuesOf(vec4u(s.a.xz, s.b.xz), vec4u(s.a.yw, s.b.yw), row, p));
  storeFour(out, first + 4u, residuesOf(vec4u(s.c.xz, s.d.xz), vec4u(s.c.yw, s.d.yw), row, p));
}
