//#include memory.wgsl
//#include modular.wgsl

// out0 = Σ a0·b0, out1 = Σ (a0·b1 + a1·b0), out2 = Σ a1·b1, each ·2^−32.
// A row is found by its place in the table: outputs, prime, number of terms, terms.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = launch[group.y];
  let p = i32(launch[row + 3u]);
  let terms = row + 5u;
  let end = terms + 4u * launch[row + 4u];
  let i = fourOfStrip(group.x, lane);
  var sum0 = vec4u(0u);
  var sum1 = vec4u(0u);
  var sum2 = vec4u(0u);
  for (var term = terms; term < end; term += 4u) {
    let a0 = centred(loadFour(launch[term], i), p);
    let a1 = centred(loadFour(launch[term + 1u], i), p);
    let b0 = vec4i(loadFour(launch[term + 2u], i));
    let b1 = vec4i(loadFour(launch[term + 3u], i));
    sum0 = plus(sum0, product(b0, a0, p), p);
    sum1 = plus(plus(sum1, product(b1, a0, p), p), product(b0, a1, p), p);
    sum2 = plus(sum2, product(b1, a1, p), p);
  }
  storeFour(launch[row], i, total(sum0, p));
  storeFour(launch[row + 1u], i, total(sum1, p));
  storeFour(launch[row + 2u], i, total(sum2, p));
}
