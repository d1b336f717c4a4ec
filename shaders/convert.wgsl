// Base conversion of one coefficient to one prime. In the table, from `at` on: quotientConstant, number of sources; then for
// each source its limb, its fraction word and its constant, centred.

/**
 * (Σ x_i·constants_i + v·quotientConstant)·2^−32 with v = ⌊(Σ ⌊x_i·fractions_i/2^32⌋ + 2^23)/2^24⌋, in [−p, p).
 */
fn converted(at: u32, i: u32, p: i32) -> i32 {
  var quotient = 1u << 23u;
  var sum = 0;
  let end = at + 2u + 3u * launch[at + 1u];
  for (var source = at + 2u; source < end; source += 3u) {
    // A residue of another prime, which may be the larger one: `product` takes any word below 1.75·2^30.
    let x = load(launch[source], i);
    quotient += highWord(x, launch[source + 1u]);
    sum = towardsZero(sum + product(i32(x), i32(launch[source + 2u]), p), p);
  }
  return towardsZero(sum + product(i32(quotient >> 24u), i32(launch[at]), p), p);
}
