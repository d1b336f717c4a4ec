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
  for (var i = group.x * STRIP + lane; i < (group.x + 1u) * STRIP; i += THREADS) {
    store(out, i, canonical(product(i32(load(a, i)), centred(i32(load(b, i)), p), p), p));
  }
}
