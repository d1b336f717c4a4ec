//#include memory.wgsl
//#include modular.wgsl
// out = low + 2^32·high mod p; the words of `high` are signed.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 7u;
  let out = launch[row];
  let low = launch[row + 1u];
  let high = launch[row + 2u];
  let p = i32(launch[row + 3u]);
  let c1 = i32(launch[row + 4u]);
  let c2 = i32(launch[row + 5u]);
  let c3 = i32(launch[row + 6u]);
  let i = fourOfStrip(group.x, lane);
  let h = vec4i(loadFour(high, i));
  storeFour(out, i, reduceWide(loadFour(low, i), h & vec4i(0xffff), h >> vec4u(16u), c1, c2, c3, p));
}
