// Arithmetic modulo a prime p = k·2^16 + 1 < 2^30, with 32-bit words only: WGSL has no wider ones, and no high product.
// Signed words stand for residues inside a kernel; a kernel's results are canonical, in [0, p).

/** The lowest 16 bits, as a signed number. */
fn low16(x: i32) -> i32 {
  return (x << 16u) >> 16u;
}

/**
 * a·b·2^−32 mod p for |a| ≤ 1.75·2^30 and |b| ≤ p/2, with six products of halves: two steps t → (t − l·p)/2^16, l the lowest
 * 16 bits of t, where (t − l·p)/2^16 = ⌊t/2^16⌉ − l·k (K-RED: Longa and Naehrig, CANS 2016).
 * Every intermediate stays below 2^31, and |result| ≤ |a·b|/2^32 + p/2 + p/2^17 < 0.72p.
 */
fn product(a: i32, b: i32, p: i32) -> i32 {
  let k = p >> 16u;
  let a0 = a & 0xffff;
  let a1 = a >> 16u;
  let b0 = low16(b);
  let b1 = (b - b0) >> 16u;
  let t = a0 * b0;
  let l = low16(t);
  let u = a1 * b0 + a0 * b1 + ((t - l) >> 16u) - l * k;
  let m = low16(u);
  return a1 * b1 + ((u - m) >> 16u) - m * k;
}

/** Four products at once. */
fn product4(a: vec4i, b: vec4i, p: i32) -> vec4i {
  let k = p >> 16u;
  let a0 = a & vec4i(0xffff);
  let a1 = a >> vec4u(16u);
  let b0 = (b << vec4u(16u)) >> vec4u(16u);
  let b1 = (b - b0) >> vec4u(16u);
  let t = a0 * b0;
  let l = (t << vec4u(16u)) >> vec4u(16u);
  let u = a1 * b0 + a0 * b1 + ((t - l) >> vec4u(16u)) - l * k;
  let m = (u << vec4u(16u)) >> vec4u(16u);
  return a1 * b1 + ((u - m) >> vec4u(16u)) - m * k;
}

/** One step towards zero: from (−2p, 2p) into [−p, p). */
fn towardsZero(x: i32, p: i32) -> i32 {
  return select(x + p, x - p, x >= 0);
}

/** The residue of x in [−p, p): a negative word is a large one without its sign. */
fn canonical(x: i32, p: i32) -> u32 {
  return min(u32(x), u32(x + p));
}

/** The same residue in [−p/2, p/2], from (−3p/2, 3p/2). */
fn centred(x: i32, p: i32) -> i32 {
  let half = p >> 1u;
  return select(select(x, x + p, x < -half), x - p, x > half);
}

/** The upper 32 bits of a·b. */
fn highWord(a: u32, b: u32) -> u32 {
  let a0 = a & 0xffffu;
  let a1 = a >> 16u;
  let b0 = b & 0xffffu;
  let b1 = b >> 16u;
  // At most (2^16 − 1)^2 + 2^16 − 1 < 2^32.
  let middle = a1 * b0 + ((a0 * b0) >> 16u);
  let rest = a0 * b1 + (middle & 0xffffu);
  return a1 * b1 + (middle >> 16u) + (rest >> 16u);
}

/**
 * (low + 2^32·high) mod p, `high` split by the caller into its lower half and its upper one, signed or not. `c1`, `c2` and
 * `c3` are 2^48, 2^64 and 2^80 mod p, centred: 2^16, 2^32 and 2^48 after the product.
 */
fn reduceWide(low: u32, high0: i32, high1: i32, c1: i32, c2: i32, c3: i32, p: i32) -> u32 {
  // The pool's primes exceed 2^17, so the lowest half is a residue already.
  let s = towardsZero(i32(low & 0xffffu) + product(i32(low >> 16u), c1, p), p);
  let t = towardsZero(s + product(high0, c2, p), p);
  return canonical(towardsZero(t + product(high1, c3, p), p), p);
}
