//#include memory.wgsl
//#include modular.wgsl
//#include chacha.wgsl

fn residueOf(low: u32, high: u32, row: u32, p: i32) -> u32 {
  let c1 = i32(launch[row + 2u]);
  let c2 = i32(launch[row + 3u]);
  let c3 = i32(launch[row + 4u]);
  return reduceWide(low, i32(high & 0xffffu), i32(high >> 16u), c1, c2, c3, p);
}

// out = the key stream's 64-bit little-endian words mod p. Row: out, p, three constants of `reduceWide`, seed.
@compute @workgroup_size(BLOCKS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 16u;
  let out = launch[row];
  let p = i32(launch[row + 1u]);
  let block = group.x * BLOCKS + lane;
  let s = keyStream(row + 5u, block);
  let first = 8u * block;
  store(out, first, residueOf(s.a.x, s.a.y, row, p));
  store(out, first + 1u, residueOf(s.a.z, s.a.w, row, p));
  store(out, first + 2u, residueOf(s.b.x, s.b.y, row, p));
  store(out, first + 3u, residueOf(s.b.z, s.b.w, row, p));
  store(out, first + 4u, residueOf(s.c.x, s.c.y, row, p));
  store(out, first + 5u, residueOf(s.c.z, s.c.w, row, p));
  store(out, first + 6u, residueOf(s.d.x, s.d.y, row, p));
  store(out, first + 7u, residueOf(s.d.z, s.d.w, row, p));
}
