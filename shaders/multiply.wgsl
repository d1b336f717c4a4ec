//#include memory.wgsl
//#include modular.wgsl
// out = a·b·2^−32.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 4u;
  let out = launch[row];
  let a = launch[row + 1u];
  let b = launch[row + 2u];
  let p = i32(launch[row + 3u]);
  let i = fourOfStrip(group.x, lane);
  let r = product(vec4i(loadFour(a, i)), centred(loadFour(b, i), p), p);
  storeFour(out, i, canonical(r, p));
}
