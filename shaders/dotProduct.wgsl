//#include memory.wgsl
//#include modular.wgsl

/** A limb that is not there. */
const NONE = 0xffffffffu;

/** The first summand of an output: a·factor where there is an a. */
fn begin(summand: u32, i: u32, p: i32) -> i32 {
  let a = launch[summand];
  if a == NONE {
    return 0;
  }
  return product(i32(load(a, i)), i32(launch[summand + 1u]), p);
}

// out0 = a0·factor0 + Σ x·k0·2^−32, out1 = a1·factor1 + Σ x·k1·2^−32. A row is found by its place in the table: outputs,
// prime, number of terms, a0, factor0, a1, factor1 (times 2^32, centred), terms.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = launch[group.y];
  let p = i32(launch[row + 2u]);
  let terms = row + 8u;
  let end = terms + 3u * launch[row + 3u];
  for (var i = group.x * STRIP + lane; i < (group.x + 1u) * STRIP; i += THREADS) {
    // Sums stay in [−p, p).
    var sum0 = begin(row + 4u, i, p);
    var sum1 = begin(row + 6u, i, p);
    for (var term = terms; term < end; term += 3u) {
      let x = centred(i32(load(launch[term], i)), p);
      sum0 = towardsZero(sum0 + product(i32(load(launch[term + 1u], i)), x, p), p);
      sum1 = towardsZero(sum1 + product(i32(load(launch[term + 2u], i)), x, p), p);
    }
    store(launch[row], i, canonical(sum0, p));
    store(launch[row + 1u], i, canonical(sum1, p));
  }
}
