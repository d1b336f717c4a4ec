//#include memory.wgsl
//#include modular.wgsl
// out = a − b.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 4u;
  let out = launch[row];
  let a = launch[row + 1u];
  let b = launch[row + 2u];
  let p = i32(launch[row + 3u]);
  let i = fourOfStrip(group.x, lane);
  // Equal words first: x − x = 0 for any word, which is how secrets are overwritten.
  storeFour(out, i, canonical(vec4i(loadFour(a, i) - loadFour(b, i)), p));
}
