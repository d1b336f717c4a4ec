//#include memory.wgsl
//#include modular.wgsl
// out = a mod p, for signed words −p < a < p.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 3u;
  let out = launch[row];
  let a = launch[row + 1u];
  let p = i32(launch[row + 2u]);
  let i = fourOfStrip(group.x, lane);
  storeFour(out, i, canonical(vec4i(loadFour(a, i)), p));
}
