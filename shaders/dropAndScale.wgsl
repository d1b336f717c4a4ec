//#include memory.wgsl
//#include modular.wgsl
// out = (a − b)·factor: the epilogue of rescaling and of key switching.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 5u;
  let out = launch[row];
  let a = launch[row + 1u];
  let b = launch[row + 2u];
  let p = i32(launch[row + 3u]);
  let factor = vec4i(i32(launch[row + 4u])); // times 2^32, centred
  let i = fourOfStrip(group.x, lane);
  storeFour(out, i, canonical(product(vec4i(loadFour(a, i)) - vec4i(loadFour(b, i)), factor, p), p));
}
