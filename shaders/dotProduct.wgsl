//#include memory.wgsl
//#include modular.wgsl
//#include sum.wgsl

// out0 = y0·factor + Σ x·k0·2^−32, out1 = y1·factor + Σ x·k1·2^−32. A row is found by its place in the table: outputs,
// prime, number of terms, y0, y1, factor (times 2^32, centred), terms.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = launch[group.y];
  let p = i32(launch[row + 2u]);
  let terms = row + 7u;
  let factor = i32(launch[row + 6u]);
  let end = terms + 3u * launch[row + 3u];
  let i = fourOfStrip(group.x, lane);
  var sum0 = begin(launch[row + 4u], i, factor, p);
  var sum1 = begin(launch[row + 5u], i, factor, p);
  for (var term = terms; term < end; term += 3u) {
    let x = centred(loadFour(launch[term], i), p);
    sum0 = plus(sum0, product(vec4i(loadFour(launch[term + 1u], i)), x, p), p);
    sum1 = plus(sum1, product(vec4i(loadFour(launch[term + 2u], i)), x, p), p);
  }
  storeFour(launch[row], i, total(sum0, p));
  storeFour(launch[row + 1u], i, total(sum1, p));
}
