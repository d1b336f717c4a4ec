//#include memory.wgsl
//#include modular.wgsl
//#include convert.wgsl

// One target of a base conversion. A row is found by its place in the table: output, prime, conversion.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = launch[group.y];
  let p = i32(launch[row + 1u]);
  let i = fourOfStrip(group.x, lane);
  storeFour(launch[row], i, converted(row + 2u, i, p));
}
