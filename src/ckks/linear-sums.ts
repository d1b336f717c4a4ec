import type { CombineRow } from "../ntt/kernels.js";
import { drop } from "./basis.js";
import { Ciphertext } from "./ciphertext.js";
import { kindOf } from "./copies.js";
import { requireSameForm, VALUES } from "./form.js";
import { allOrNothing, OwnedLimbs } from "./limbs.js";
import { wholeNumber } from "./linearsum.js";
import { RnsPolynomial } from "./polynomial.js";
import type { Ring } from "./ring.js";

/** One of many sums over the same ciphertexts: Σ factors[k]·x[of[k]], the same in all slots. */
export interface SumRow {
  /** Places in the list of ciphertexts. Rows with the same list are computed together, each residue read once for 32 of them. */
  readonly of: readonly number[];
  /** A number for each of these. */
  readonly factors: ArrayLike<number>;
}

/** Sums that read each residue once; their factors are words of a launch, of which a GPU sees so many at once. */
const MOST_OUTPUTS = 32;
const MOST_ROW_WORDS = 2 ** 17;
const MOST_LAUNCH_WORDS = 2 ** 19;
const MOST_LAUNCH_ROWS = 2 ** 11;
/** Sums that lie unrescaled in memory at a time: as many as keep the threads of a rescale busy. */
const MOST_UNRESCALED = 32;

/**
 * constants[r] + Σ factors·x for each of `rows`, rescaled: one level below `level`. Terms are as in `linearSumAt`, numbers are
 * rounded as there, so that residues are those of one `linearSum` after the other.
 * @throws ParameterError for a number that does not fit the level
 */
export function linearSums(
  ring: Ring,
  xs: readonly Ciphertext[],
  rows: readonly SumRow[],
  constants: ArrayLike<number>,
  level: number,
): Ciphertext[] {
  const { parameters } = ring;
  const primes = parameters.primesAt(level);
  const square = parameters.scaleAt(level) ** 2;
  const largest = parameters.headroomAt(level) / parameters.scaleAt(level);
  const scales = xs.map((x) => square / parameters.scaleAt(x.level));
  const headroom = parameters.headroomAt(level);
  // All numbers are looked at before anything is computed.
  const wholes = rows.map(({ of, factors }) => {
    return Float64Array.from(of, (x, k) => wholeNumber(factors[k], scales[x], headroom, level));
  });
  const offsets = rows.map((_, r) => wholeNumber(constants[r], square, largest, level));
  for (const x of xs) for (const part of x.pair) requireSameForm(part.form, VALUES);
  const slots = Math.max(...xs.map((x) => x.slots));
  const { fingerprint } = xs[0];
  const results: Ciphertext[] = [];
  return allOrNothing((keep) => {
    // The NTT values of the constant 1, modulo every prime.
    using ones = new OwnedLimbs(ring, ring.device.allocate(ring.logN, 1));
    ring.device.write(ring.logN, ones.limbs[0], new Uint32Array(2 ** ring.logN).fill(1));
    for (const sheaves of batches(sheavesOf(rows))) {
      const batch = sheaves.flatMap(({ members }) => members);
      const sums = new Map(batch.map((r) => [r, [0, 1].map(() => keep(RnsPolynomial.allocate(ring, primes, VALUES)))]));
      const launch = new Launches(ring);
      for (const { of, members } of sheaves) {
        for (const prime of primes) {
          const factors = factorsOf(members, of.length, wholes, offsets, prime);
          for (const part of [0, 1]) {
            const out = members.map((r) => sums.get(r)![part].limb(prime));
            const inputs = of.map((x) => xs[x].pair[part].limb(prime));
            const all = part === 0;
            if (all) inputs.push(ones.limbs[0]);
            launch.add({
              prime,
              out,
              inputs,
              factors: all ? factors : factors.subarray(0, of.length * members.length),
            });
          }
        }
      }
      launch.flush();
      const unrescaled = [...sums.values()].flat();
      const parts = drop(unrescaled, parameters.levels[level]).map(keep);
      for (const part of unrescaled) part[Symbol.dispose]();
      for (const [k, r] of batch.entries()) {
        const terms = rows[r].of.map((x, i) => [xs[x], rows[r].factors[i]] as const);
        const noise = ring.noise.linearSum(terms, constants[r], level, slots);
        const state = { level: level - 1, state: "canonical", slots, fingerprint, noise } as const;
        results[r] = new Ciphertext(parts.slice(2 * k, 2 * k + 2), ring.noise.dropped(state));
      }
    }
    return results;
  });
}

/** @throws RangeError for a row that names no ciphertext, or numbers that are too few or too many. */
export function requireRows(count: number, rows: readonly SumRow[], constants: ArrayLike<number>): void {
  if (!Array.isArray(rows)) throw new TypeError(`rows: a list of { of, factors } was expected, not ${kindOf(rows)}`);
  if (constants?.length !== rows.length) {
    throw new RangeError(`constants: ${rows.length} numbers were expected, not ${constants?.length}`);
  }
  for (const [r, row] of rows.entries()) {
    if (!Array.isArray(row?.of) || typeof row.factors?.length !== "number") {
      throw new TypeError(`rows[${r}]: { of, factors } was expected, not ${kindOf(row)}`);
    }
    const wrong = row.of.find((x: number) => !(Number.isInteger(x) && x >= 0 && x < count));
    if (wrong !== undefined) throw new RangeError(`rows[${r}] takes ciphertext ${wrong} of ${count}`);
    if (row.factors.length !== row.of.length) {
      throw new RangeError(`rows[${r}] has ${row.factors.length} factors for ${row.of.length} ciphertexts`);
    }
  }
}

/** Rows over the same ciphertexts. */
interface Sheaf {
  readonly of: readonly number[];
  readonly members: readonly number[];
}

function sheavesOf(rows: readonly SumRow[]): Sheaf[] {
  const keys = new Map<readonly number[], string>();
  const keyOf = (of: readonly number[]) => {
    let key = keys.get(of);
    if (key === undefined) keys.set(of, (key = of.join()));
    return key;
  };
  const groups = new Map<string, { of: readonly number[]; members: number[] }>();
  for (const [r, { of }] of rows.entries()) {
    const key = keyOf(of);
    const group = groups.get(key);
    if (group) group.members.push(r);
    else groups.set(key, { of, members: [r] });
  }
  return [...groups.values()].flatMap(({ of, members }) => {
    const most = Math.max(1, Math.min(MOST_OUTPUTS, Math.floor(MOST_ROW_WORDS / (of.length + 1)) - 1));
    const count = Math.ceil(members.length / most);
    // Evenly: 100 rows are four times 25, not three times 32 and a rest; and by fours, as the kernel takes them.
    const each = Math.min(most, 4 * Math.ceil(members.length / count / 4));
    return Array.from({ length: Math.ceil(members.length / each) }, (_, k) => {
      return { of, members: members.slice(k * each, (k + 1) * each) };
    });
  });
}

function* batches(sheaves: readonly Sheaf[]): Generator<Sheaf[]> {
  let batch: Sheaf[] = [];
  let count = 0;
  for (const sheaf of sheaves) {
    if (count > 0 && count + sheaf.members.length > MOST_UNRESCALED) {
      yield batch;
      batch = [];
      count = 0;
    }
    batch.push(sheaf);
    count += sheaf.members.length;
  }
  if (count > 0) yield batch;
}

/** Residues times 2^32, as the kernel takes them: input by input, and the constants last. */
function factorsOf(
  members: readonly number[],
  inputs: number,
  wholes: readonly Float64Array[],
  offsets: readonly number[],
  prime: number,
): Uint32Array {
  const count = members.length;
  const factors = new Uint32Array((inputs + 1) * count);
  for (let m = 0; m < count; m++) {
    const whole = wholes[members[m]];
    for (let i = 0; i < inputs; i++) factors[i * count + m] = montgomeryResidue(whole[i], prime);
    factors[inputs * count + m] = montgomeryResidue(offsets[members[m]], prime);
  }
  return factors;
}

/** x·2^32 mod p for a double without a fraction: remainders of doubles are exact, and so is a product with a power of two. */
function montgomeryResidue(x: number, p: number): number {
  const rest = (x % p) * 2 ** 32;
  const residue = rest % p;
  return residue < 0 ? residue + p : residue;
}

/** Rows on their way, cut into launches that a device takes. */
class Launches {
  private rows: CombineRow[] = [];
  private words = 0;

  constructor(private readonly ring: Ring) {}

  add(row: CombineRow): void {
    const more = row.out.length + row.inputs.length * (1 + row.out.length);
    if (this.words + more > MOST_LAUNCH_WORDS || this.rows.length === MOST_LAUNCH_ROWS) this.flush();
    this.rows.push(row);
    this.words += more;
  }

  flush(): void {
    if (this.rows.length > 0) this.ring.device.launch("combine", this.ring.logN, this.rows);
    this.rows = [];
    this.words = 0;
  }
}
