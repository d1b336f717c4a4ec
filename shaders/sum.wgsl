// Sums of products, for four coefficients.

/** A limb that is not there. */
const NONE = 0xffffffffu;

/** What a sum begins with: y·factor where there is a y. */
fn begin(y: u32, i: vec4u, factor: i32, p: i32) -> vec4u {
  if y == NONE {
    return vec4u(0u);
  }
  return plus(vec4u(0u), product(vec4i(loadFour(y, i)), vec4i(factor), p), p);
}

/**
 * y·factor + Σ x·k·2^−32, in [0, p): one part of a sum. In the table, from `at` on: y, or no limb; its factor (times 2^32,
 * centred); the number of terms; then x and k of each term.
 */
fn summed(at: u32, i: vec4u, p: i32) -> vec4u {
  var sum = begin(launch[at], i, i32(launch[at + 1u]), p);
  let end = at + 3u + 2u * launch[at + 2u];
  for (var term = at + 3u; term < end; term += 2u) {
    let x = centred(loadFour(launch[term], i), p);
    sum = plus(sum, product(vec4i(loadFour(launch[term + 1u], i)), x, p), p);
  }
  return total(sum, p);
}
