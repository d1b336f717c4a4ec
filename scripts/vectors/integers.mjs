// Whole numbers modulo primes and modulo products of primes, in BigInt.

/** x mod m in [0, m). */
export function modulo(x, m) {
  const r = x % m;
  return r < 0n ? r + m : r;
}

export function product(factors) {
  return factors.reduce((a, b) => a * b, 1n);
}

export function power(base, exponent, m) {
  let result = 1n;
  for (let square = modulo(base, m), e = exponent; e > 0n; e >>= 1n, square = (square * square) % m) {
    if (e & 1n) result = (result * square) % m;
  }
  return result;
}

/** The inverse modulo any m that a has no factor in common with (Euclid). */
export function inverse(a, m) {
  let [r0, r1, t0, t1] = [m, modulo(a, m), 0n, 1n];
  while (r1 > 0n) {
    const quotient = r0 / r1;
    [r0, r1, t0, t1] = [r1, r0 - quotient * r1, t1, t0 - quotient * t1];
  }
  if (r0 !== 1n) throw new Error(`${a} has no inverse modulo ${m}`);
  return modulo(t0, m);
}

/** The integer that is 1 modulo the primes of `chosen` and 0 modulo the others of `primes`. */
export function indicator(chosen, primes) {
  const others = product(primes.filter((p) => !chosen.includes(p)));
  return others * inverse(others, product(chosen));
}

/** The integers in [0, M) with the given residues, one list a prime. */
export function fromResidues(residues, primes) {
  const m = product(primes);
  const weights = primes.map((p) => indicator([p], primes));
  return Array.from(residues[0], (_, i) =>
    modulo(
      residues.reduce((sum, r, j) => sum + weights[j] * r[i], 0n),
      m,
    ),
  );
}

/** The largest primes k·2^17 + 1 below 2^bits. */
export function largestPrimes(count, bits) {
  const found = [];
  for (let p = 2 ** bits - 2 ** 17 + 1; found.length < count; p -= 2 ** 17) if (isPrime(p)) found.push(BigInt(p));
  return found;
}

function isPrime(p) {
  for (let d = 3; d * d <= p; d += 2) if (p % d === 0) return false;
  return true;
}

/**
 * x modulo the product D of `primes`, centred: in (−D/2, D/2), and since D is odd never half way. Refuses what lies so near
 * to the ends that an estimate of the quotient by 24-bit fractions could round it the other way: vectors hold none.
 */
export function centred(x, primes) {
  const d = product(primes);
  const r = modulo(x, d);
  const result = 2n * r > d ? r - d : r;
  const distance = d - 2n * (result < 0n ? -result : result);
  if (distance * 2n ** 25n < 5n * BigInt(primes.length) * d) throw new Error("too near to a tie: take another seed");
  return result;
}
