// The canonical embedding in fixed point: slot j of n is the polynomial at ζ^(5^j), ζ = exp(2πi/4n).
const BITS = 160n;
const ONE = 1n << BITS;

/** A double as a fixed-point number, exactly. */
export function toFixed(x) {
  const scaled = x * 2 ** 60;
  if (!Number.isInteger(scaled)) throw new Error(`${x} is no multiple of 2^-60`);
  return BigInt(scaled) << (BITS - 60n);
}

/**
 * The rounded integer coefficients of slot values at a scale, N of them: c_k·Δ with c_k = 1/n Σ_j Re(z_j·conj(ζ^(5^j·k)))
 * at X^(k·gap), gap = N/2n. Refuses what lies so near to a half that doubles may round it the other way: vectors hold none.
 */
export function encode({ real, imaginary }, scale, n) {
  const margin = ONE >> BigInt(Math.min(20, Math.floor(51 - Math.log2(scale))));
  const slots = real.length;
  const { cosine, sine } = tables(slots);
  const [x, y] = [real.map(toFixed), imaginary.map(toFixed)];
  const factor = toFixed(scale);
  const result = new Array(n).fill(0n);
  for (let k = 0; k < 2 * slots; k++) {
    let sum = 0n;
    for (let j = 0, power = 1; j < slots; j++, power = (5 * power) % (4 * slots)) {
      const angle = (power * k) % (4 * slots);
      sum += x[j] * cosine[angle] + y[j] * sine[angle];
    }
    const exact = ((sum >> BITS) * factor) / (BigInt(slots) << BITS);
    const rounded = (exact + ONE / 2n) >> BITS;
    const fromTie = exact - (rounded << BITS) + ONE / 2n; // in [0, 1)
    if (fromTie < margin || ONE - fromTie < margin) throw new Error("too near to a tie: take other values");
    result[(k * n) / (2 * slots)] = rounded;
  }
  return result;
}

/** The slot values of integer coefficients at a scale, as doubles. */
export function decode(coefficients, scale, slots) {
  const { cosine, sine } = tables(slots);
  const gap = coefficients.length / (2 * slots);
  const factor = toFixed(scale);
  const value = (table, power) => {
    let sum = 0n;
    for (let k = 0; k < 2 * slots; k++) sum += coefficients[k * gap] * table[(power * k) % (4 * slots)];
    return toDouble((sum << BITS) / factor);
  };
  const powers = Array.from({ length: slots }, () => 1);
  for (let j = 1; j < slots; j++) powers[j] = (5 * powers[j - 1]) % (4 * slots);
  return { real: powers.map((e) => value(cosine, e)), imaginary: powers.map((e) => value(sine, e)) };
}

function toDouble(x) {
  return Number(x >> 60n) / 2 ** 100;
}

const known = new Map();

/** cos and sin of 2πk/4n. */
function tables(slots) {
  if (!known.has(slots)) {
    const angles = Array.from({ length: 4 * slots }, (_, k) => (2n * PI * BigInt(k)) / BigInt(4 * slots));
    known.set(slots, { cosine: angles.map((x) => series(x, 0n)), sine: angles.map((x) => series(x, 1n)) });
  }
  return known.get(slots);
}

/** x^first/first! − x^(first + 2)/(first + 2)! + …: cos from 0, sin from 1. */
function series(x, first) {
  const square = (x * x) >> BITS;
  let [sum, term] = [0n, first === 0n ? ONE : x];
  for (let i = first; term !== 0n && term !== -1n; i += 2n) {
    sum += term;
    term = ((-term * square) >> BITS) / ((i + 1n) * (i + 2n));
  }
  return sum;
}

/** Machin: π = 16·arctan(1/5) − 4·arctan(1/239). */
const PI = 16n * arctangentOfInverse(5n) - 4n * arctangentOfInverse(239n);

function arctangentOfInverse(x) {
  let [sum, power] = [0n, ONE / x];
  for (let i = 1n; power !== 0n; i += 2n, power = -power / (x * x)) sum += power / i;
  return sum;
}
