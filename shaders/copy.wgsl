//#include memory.wgsl

// out = a.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 2u;
  let out = launch[row];
  let a = launch[row + 1u];
  let i = fourOfStrip(group.x, lane);
  storeFour(out, i, loadFour(a, i));
}
