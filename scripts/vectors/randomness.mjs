// ChaCha20 (RFC 8439) and what is drawn from it.
import { createHash } from "node:crypto";

/** A seed with nothing up its sleeve. */
export function seedOf(label) {
  return createHash("sha256").update(`blindsight vectors 1: ${label}`).digest("hex");
}

/** Words of the key stream from block 0 on; `seed` in hexadecimal, the nonce as three words. */
export function keyStream(seed, nonce, count) {
  const bytes = Buffer.from(seed, "hex");
  const key = Array.from({ length: 8 }, (_, i) => bytes.readUInt32LE(4 * i));
  const words = [];
  for (let block = 0; words.length < count; block++) {
    const state = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, ...key, block, ...nonce];
    const x = [...state];
    for (let round = 0; round < 10; round++) {
      for (const quarter of COLUMNS) mix(x, ...quarter);
      for (const quarter of DIAGONALS) mix(x, ...quarter);
    }
    words.push(...x.map((word, i) => (word + state[i]) >>> 0));
  }
  return words.slice(0, count);
}

const COLUMNS = [0, 1, 2, 3].map((i) => [i, 4 + i, 8 + i, 12 + i]);
const DIAGONALS = [0, 1, 2, 3].map((i) => [i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4)]);

function mix(x, a, b, c, d) {
  for (const [to, from, by, bits] of [
    [a, b, d, 16],
    [c, d, b, 12],
    [a, b, d, 8],
    [c, d, b, 7],
  ]) {
    x[to] = (x[to] + x[from]) | 0;
    const word = x[by] ^ x[to];
    x[by] = (word << bits) | (word >>> (32 - bits));
  }
}

/** Uniform residues modulo p at the address (stream, digit, p): 64 bits each, low word first. */
export function uniform(n, p, seed, stream, digit) {
  const words = keyStream(seed, [stream, digit, Number(p)], 2 * n).map(BigInt);
  return Array.from({ length: n }, (_, i) => (words[2 * i] + (words[2 * i + 1] << 32n)) % p);
}

/** −1, 0 or 1: ⌊3w/2^32⌋ − 1. */
export function ternary(n, seed) {
  return keyStream(seed, [0, 0, 0], n).map((word) => ((3n * BigInt(word)) >> 32n) - 1n);
}

/** The rounded Gaussian: as many thresholds as are ≤ h·2^21 + ⌊l/2^11⌋, negative where l is odd. */
export function gaussian(n, seed) {
  const words = keyStream(seed, [0, 0, 0], 2 * n).map(BigInt);
  return Array.from({ length: n }, (_, i) => {
    const [high, low] = [words[2 * i], words[2 * i + 1]];
    const magnitude = BigInt(THRESHOLDS.filter((threshold) => threshold <= (high << 21n) + (low >> 11n)).length);
    return low & 1n ? -magnitude : magnitude;
  });
}

/**
 * P(|x| ≤ k)·2^53 for k = 0..18 and the discrete Gaussian of σ = 3.2 on −19..19: the table that the library was made with,
 * from doubles. It is the definition; what it describes is 3·2^−53 away at most.
 */
export const THRESHOLDS = [
  1122922691912799n,
  3261741864567695n,
  5109123885919249n,
  6556321328957178n,
  7584544271053314n,
  8247119541546653n,
  8634351849640152n,
  8839608093217016n,
  8938283652774598n,
  8981307698712168n,
  8998321498929712n,
  9004423606209619n,
  9006408543441153n,
  9006994144895539n,
  9007150836578415n,
  9007188862362047n,
  9007197231848870n,
  9007198902585202n,
  9007199205071310n,
];
checkThresholds();

function checkThresholds() {
  const bits = 200n;
  // exp(−k²/2σ²), 2σ² = 20.48, by its series at a 2^10th of the argument, squared ten times.
  const weight = (k) => {
    const x = (BigInt(k * k * 100) << bits) / (2048n << 10n);
    let [sum, term] = [0n, 1n << bits];
    for (let i = 1n; term !== 0n; i++) [sum, term] = [sum + term, ((-term * x) >> bits) / i];
    for (let i = 0; i < 10; i++) sum = (sum * sum) >> bits;
    return k === 0 ? sum : 2n * sum;
  };
  const weights = Array.from({ length: 20 }, (_, k) => weight(k));
  const total = weights.reduce((a, b) => a + b);
  let sum = 0n;
  THRESHOLDS.forEach((threshold, k) => {
    sum += weights[k];
    const difference = ((sum << 53n) + total / 2n) / total - threshold;
    if (difference < -3n || difference > 3n) throw new Error(`threshold ${k} is off by ${difference}`);
  });
}
