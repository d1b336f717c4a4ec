// One part of a sum of products, for one coefficient. In the table, from `at` on: y, or no limb; its factor (times 2^32,
// centred); the number of terms; then x and k of each term.

/** A limb that is not there. */
const NONE = 0xffffffffu;

/** y·factor + Σ x·k·2^−32, in [−p, p). */
fn summed(at: u32, i: u32, p: i32) -> i32 {
  var sum = 0;
  if launch[at] != NONE {
    sum = product(i32(load(launch[at], i)), i32(launch[at + 1u]), p);
  }
  let end = at + 3u + 2u * launch[at + 2u];
  for (var term = at + 3u; term < end; term += 2u) {
    let x = centred(i32(load(launch[term], i)), p);
    sum = towardsZero(sum + product(i32(load(launch[term + 1u], i)), x, p), p);
  }
  return sum;
}
