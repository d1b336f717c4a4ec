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
  for (var i = group.x * STRIP + lane; i < (group.x + 1u) * STRIP; i += THREADS) {
    let x = load(a, i);
    let y = load(b, i);
    // Equal words first: x − x = 0 for any word, which is how secrets are overwritten.
    store(out, i, canonical(i32(x - y), p));
  }
}
