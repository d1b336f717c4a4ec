// Base conversion of four coefficients to one prime. In the table, from `at` on: the number of sources; quotientConstant/4,
// in halves; what centring the sources takes away; then for each group of five sources two words, and for each source its
// limb, its fraction word and its constant/4, in halves. src/gpu/conversion.ts makes these words.

/** Sources whose products are summed before they are reduced. */
const GROUP = 5u;

/** (t − l·p)/2^15 for the signed lowest 15 bits l of t, where p = k2·2^15 + 1: t·2^−15 mod p, below |t|/2^15 + p/2. */
fn reduce15(t: vec4i, k2: i32) -> vec4i {
  let l = (t << vec4u(17u)) >> vec4u(17u);
  return ((t - l) >> vec4u(15u)) - l * k2;
}

/** The signed lower half of a constant: its lowest 15 bits, as `halves` packs them. */
fn lowHalf(constant: u32) -> i32 {
  return i32(constant << 16u) >> 16u;
}

fn highHalf(constant: u32) -> i32 {
  return i32(constant) >> 16u;
}

/**
 * (Σ x_i·constants_i + v·quotientConstant)·2^−32 with v = ⌊(Σ ⌊x_i·fractions_i/2^32⌋ + 2^23)/2^24⌋, in [0, p).
 * Residues below 2^30 and constants are products of halves of 15 bits, so that sums of them are reduced but once for
 * five. `low` and `high` begin with what makes the residues' halves signed: each product is below 2^28 then, each sum below
 * 5·2^28 + 2^19 (v is below 2^5), and whatever wraps around before its end does not matter.
 */
fn converted(at: u32, i: vec4u, p: i32) -> vec4u {
  let k2 = p >> 15u;
  var quotient = vec4u(1u << 23u);
  var sum = vec4u(launch[at + 2u]);
  var word = at + 3u;
  var left = launch[at];
  while left > 0u {
    let centreLow = i32(launch[word]);
    let centreHigh = i32(launch[word + 1u]);
    var lowLow = vec4i(centreLow);
    var lowHigh = vec4i(centreHigh);
    var highLow = vec4i(centreLow);
    var highHigh = vec4i(centreHigh);
    word += 2u;
    let end = word + 3u * min(left, GROUP);
    for (; word < end; word += 3u) {
      let limb = launch[word];
      let constant = launch[word + 2u];
      let x = loadFour(limb, i);
      let x0 = vec4i(x & vec4u(0x7fffu));
      let x1 = vec4i(x >> vec4u(15u));
      quotient += highWord(x, launch[word + 1u]);
      lowLow += x0 * lowHalf(constant);
      lowHigh += x0 * highHalf(constant);
      highLow += x1 * lowHalf(constant);
      highHigh += x1 * highHalf(constant);
    }
    left -= min(left, GROUP);
    if left == 0u {
      let v = vec4i(quotient >> vec4u(24u));
      lowLow += v * lowHalf(launch[at + 1u]);
      lowHigh += v * highHalf(launch[at + 1u]);
    }
    // The inner sum is below p/2 + 2^16 + 5·2^28 + 2^19 < 2^31, what is added below p/2 + 2^17 < p: the pool's primes exceed 2^19.
    sum = plus(sum, reduce15(reduce15(lowLow, k2) + lowHigh, k2), p);
    sum = plus(sum, reduce15(highLow, k2), p);
    // Below 5·2^14·(k + 1) < 1.25·(p + 2^16) < 2p, and one step nearer to zero at most p.
    sum = plus(sum, select(highHigh + p, highHigh - p, highHigh >= vec4i(0)), p);
  }
  return total(sum, p);
}
