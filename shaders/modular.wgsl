// Arithmetic modulo a prime p = k·2^16 + 1 < 2^30, with 32-bit words only: WGSL has no wider ones, and no high product.
// Signed words stand for residues inside a kernel; its results are canonical, in [0, p).

/** The lowest 16 bits, as signed numbers. */
fn low16(x: vec4i) -> vec4i {
  return (x << vec4u(16u)) >> vec4u(16u);
}

/**
 * a·b·2^−32 mod p for |a| ≤ 1.75·2^30 and |b| ≤ p/2, with six products of halves: two steps t → (t − l·p)/2^16, l the lowest
 * 16 bits of t, where (t − l·p)/2^16 = ⌊t/2^16⌉ − l·k (K-RED: Longa and Naehrig, CANS 2016).
 * Every intermediate stays below 2^31, and |result| ≤ |a·b|/2^32 + p/2 + p/2^17 < 0.72p.
 */
fn product(a: vec4i, b: vec4i, p: i32) -> vec4i {
  let k = p >> 16u;
  let a0 = a & vec4i(0xffff);
  let a1 = a >> vec4u(16u);
  let b0 = low16(b);
  let b1 = (b - b0) >> vec4u(16u);
  let t = a0 * b0;
  let l = low16(t);
  let u = a1 * b0 + a0 * b1 + ((t - l) >> vec4u(16u)) - l * k;
  let m = low16(u);
  return a1 * b1 + ((u - m) >> vec4u(16u)) - m * k;
}

/** x − bound where x ≥ bound, else x: a difference below zero is a large word. */
fn below(x: vec4u, bound: vec4u) -> vec4u {
  return min(x, x - bound);
}

/** x in [0, bound) from the signed words in (−bound, bound): a negative word is a large one. */
fn above(x: vec4u, bound: vec4u) -> vec4u {
  return min(x, x + bound);
}

/**
 * x·w mod p in (0, 2p) for signed words |x| < 2p, where q1·2^16 + q0 = round(w·2^32/p), each half signed (Harvey, "Faster
 * arithmetic for number-theoretic transforms", 2014, with three half products instead of the high one): with signed halves
 * of x as well, the product left out is x0·q0 ≤ 2^30. The quotient of x·w by p is therefore off by 1/4 for it, by less than
 * 1/4 for the rounding of w·2^32/p (2p·1/2 < 2^30) and by 1/2 for its own: less than 1 together. It is taken one lower, so
 * that the remainder is positive. The middle products do not exceed 2^31 together: p ≤ 2^30 − 2^17 + 1, thus x1 < 2^15 − 2.
 */
fn shoup4(x: vec4u, w: vec4u, q0: vec4i, q1: vec4i, p: vec4u) -> vec4u {
  let x0 = low16(vec4i(x));
  let x1 = (vec4i(x) - x0) >> vec4u(16u);
  let middle = x0 * q1 - vec4i(0x8000) + x1 * q0;
  return x * w - vec4u(x1 * q1 + (middle >> vec4u(16u))) * p;
}

/** The residue of x in [−p, p): a negative word is a large one without its sign. */
fn canonical(x: vec4i, p: i32) -> vec4u {
  return min(vec4u(x), vec4u(x + p));
}

/** The same residue in [−p/2, p/2], from a canonical word. */
fn centred(x: vec4u, p: i32) -> vec4i {
  return select(vec4i(x), vec4i(x) - p, vec4i(x) > vec4i(p >> 1u));
}

/** A sum of products in [0, 2p), one more product added: |term| ≤ p, and a negative word is a large one. */
fn plus(sum: vec4u, term: vec4i, p: i32) -> vec4u {
  let t = sum + vec4u(term - p);
  return min(t, t + 2u * u32(p));
}

/** What `plus` made, in [0, p). */
fn total(sum: vec4u, p: i32) -> vec4u {
  return min(sum, sum - u32(p));
}

/** The upper 32 bits of a·b. */
fn highWord(a: vec4u, b: u32) -> vec4u {
  let a0 = a & vec4u(0xffffu);
  let a1 = a >> vec4u(16u);
  let b0 = b & 0xffffu;
  let b1 = b >> 16u;
  // At most (2^16 − 1)^2 + 2^16 − 1 < 2^32.
  let middle = a1 * b0 + ((a0 * b0) >> vec4u(16u));
  let rest = a0 * b1 + (middle & vec4u(0xffffu));
  return a1 * b1 + (middle >> vec4u(16u)) + (rest >> vec4u(16u));
}

/**
 * (low + 2^32·high) mod p, `high` split by the caller into its lower half and its upper one, signed or not. `c1`, `c2` and
 * `c3` are 2^48, 2^64 and 2^80 mod p, centred: 2^16, 2^32 and 2^48 after the product.
 */
fn reduceWide(low: vec4u, high0: vec4i, high1: vec4i, c1: i32, c2: i32, c3: i32, p: i32) -> vec4u {
  // The pool's primes exceed 2^17, so the lowest half is a residue already.
  let s = plus(low & vec4u(0xffffu), product(vec4i(low >> vec4u(16u)), vec4i(c1), p), p);
  return total(plus(plus(s, product(high0, vec4i(c2), p), p), product(high1, vec4i(c3), p), p), p);
}
