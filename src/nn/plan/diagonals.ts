/**
 * A linear map between two layouts as a matrix on slots, by its diagonals: y[s] = Σ_d M_d[s]·x[(s + d) mod slots], and then folds
 * y += rotate(y, 2^b) over some bits b.
 *
 * Which copy of an element is read, and by whom: over a bit that is folded, each slot handles the elements whose bit is its own,
 * and the fold brings the parts together. Over a bit that the input is repeated over, a slot reads the copy on its own side. So
 * a slot's distance to an element follows from the remaining bits. Above the last of these, only copies and folds are left,
 * and distances are taken modulo that power of two: what is carried over it only changes which copy is read, or which of the folded
 * slots handles which element, each still one. So a matrix from a whole value to m outputs, m a power of two, with all bits above
 * folded, has m diagonals, wherever the elements lie (GAZELLE's hybrid diagonals), and a convolution as many as its taps times
 * the channels that share bits.
 *
 * Sources: Halevi and Shoup, CRYPTO 2014 (diagonals); Juvekar, Vaikuntanathan and Chandrakasan, "GAZELLE", USENIX Security 2018 (hybrid).
 */
import { isCoordinate, type Layout, maskOf, occupants, positions, type Role } from "../layout/layout.js";
import { type Connection, meetings, weightIndex } from "./connection.js";

/** How the slots of one value feed those of another. */
export class SlotMatrix {
  /** Distances count modulo this power of two. */
  readonly modulus: number;
  /** Bits over which a slot reads on its own side. */
  private readonly own: number;

  /** @param folds a mask of slot bits; over each the target must be a replica or junk */
  constructor(
    private readonly connection: Connection,
    private readonly input: Layout,
    private readonly target: Layout,
    private readonly folds: number,
  ) {
    const { slots } = input;
    this.own = maskOf(input, (role) => role === "replica") | folds;
    let modulus = slots;
    while (modulus > 1 && (this.own & (modulus / 2)) !== 0) modulus /= 2;
    this.modulus = modulus;
  }

  /**
   * The diagonals d in [0, modulus) on which the matrix from ciphertext `from` to ciphertext `to` may be non-zero, ascending.
   * Reads no weight, and never misses one.
   */
  diagonals(to = 0, from = 0): number[] {
    const { input, target, modulus } = this;
    const mask = (modulus - 1) & ~this.own;
    const free = maskOf(target, (role) => role === "replica") & mask & ~this.folds;
    let found = subsets(free).map((sum) => -sum & (modulus - 1));
    for (const dimension of input.shape.keys()) {
      const reads = positions(input, dimension);
      const writes = dimension < target.shape.length ? positions(target, dimension) : [0];
      const [writeBits, readBits] = [ciphertextMask(target, dimension), ciphertextMask(input, dimension)];
      const distances = distinct(modulus, (add) => {
        for (const { outputs, inputs } of meetings(this.connection, dimension)) {
          // Thousands of channels lie at few places, the mask applied.
          const writing = places(outputs, writes, mask, (at) => inside(at, input.slots, to, writeBits));
          const reading = places(inputs, reads, mask, (at) => inside(at, input.slots, from, readBits));
          for (const write of writing) for (const read of reading) add((read - write) & (modulus - 1));
        }
      });
      found = sums(found, distances, modulus);
    }
    return found.sort((a, b) => a - b);
  }

  /**
   * Where in the term's weights the number is that slot s multiplies slot s + rotation with, −1 for none: `at(s, rotation)`, with
   * the elements themselves: `(index, to, from)` of what was found is handed to `visit`, for each slot s of a diagonal.
   */
  visit(
    rotation: number,
    to: number,
    from: number,
    visit: (slot: number, weight: number, output: number, element: number) => void,
  ): void {
    const { slots } = this.input;
    const outputs = this.outputs(to);
    const elements = this.elements(from);
    const agree = this.own & (this.modulus - 1);
    // Where the input is a copy on both sides of a folded bit, one side handles it.
    const idle = this.folds & maskOf(this.input, (role) => role === "replica");
    const index = (this.index ??= weightIndex(this.connection));
    for (let s = 0; s < slots; s++) {
      const output = outputs[s & ~this.folds];
      if (output < 0 || (s & idle) !== 0) continue;
      const t = (s + rotation) & (slots - 1);
      const element = elements[t];
      if (element < 0 || ((s ^ t) & agree) !== 0) continue;
      const weight = index(output, element);
      if (weight >= 0) visit(s, weight, output, element);
    }
  }

  private index: ((to: number, from: number) => number) | undefined;
  private readonly known = new Map<string, Int32Array>();

  private outputs(ciphertext: number): Int32Array {
    return this.remembered(`to ${ciphertext}`, () => occupants(this.target, ciphertext));
  }

  private elements(ciphertext: number): Int32Array {
    return this.remembered(`from ${ciphertext}`, () => occupants(this.input, ciphertext));
  }

  private remembered(key: string, make: () => Int32Array): Int32Array {
    let map = this.known.get(key);
    if (!map) this.known.set(key, (map = make()));
    return map;
  }
}

/** The bits of a mask, one after the other: the rotations of its folds. */
export function foldSteps(folds: number): number[] {
  const steps: number[] = [];
  for (let bit = 1; bit <= folds; bit *= 2) if ((folds & bit) !== 0) steps.push(bit);
  return steps;
}

/** Sums over bits as a program does them: two at a time, which takes three rotations and one division (`Fold`). */
export function foldsOf(bits: readonly number[]): number[][] {
  const folds: number[][] = [];
  for (let k = 0; k < bits.length; k += 2) {
    const [a, b] = bits.slice(k, k + 2);
    folds.push(b === undefined ? [a] : [a, b, a + b]);
  }
  return folds;
}

/**
 * What a folded bit is afterwards. y[s] + y[s + 2^b] carries where the bit is set: that leaves the sum in all slots only where
 * nothing but copies and folds lie above.
 */
export function foldedRoles(bits: readonly Role[], slots: number, folds: number): Role[] {
  const roles = [...bits];
  let copies = true;
  for (let place = Math.log2(slots) - 1; place >= 0; place--) {
    if ((folds & (1 << place)) !== 0) roles[place] = copies ? "replica" : "junk";
    copies &&= roles[place] === "replica";
  }
  return roles;
}

/** Where coordinates lie that are in a ciphertext, the bits of a mask only, each place once. */
function places(
  coordinates: readonly number[],
  positions: readonly number[],
  mask: number,
  here: (position: number) => boolean,
): number[] {
  if (coordinates.length === 1) {
    const at = positions[coordinates[0]];
    return here(at) ? [at & mask] : [];
  }
  const found = new Set<number>();
  for (const each of coordinates) if (here(positions[each])) found.add(positions[each] & mask);
  return [...found];
}

/** All sums of some of the bits of a mask. */
function subsets(mask: number): number[] {
  let found = [0];
  for (const bit of foldSteps(mask)) found = found.flatMap((sum) => [sum, sum + bit]);
  return found;
}

/** Which numbers were seen: one for all, left cleared, since new ones for each question would be much garbage. */
let seen = new Uint8Array(0);

/** Numbers below a modulus, each once, in the order in which they come: a Set is several times slower. */
function distinct(modulus: number, fill: (add: (number: number) => void) => void): number[] {
  if (seen.length < modulus) seen = new Uint8Array(modulus);
  const all: number[] = [];
  fill((number) => {
    if (seen[number] !== 0) return;
    seen[number] = 1;
    all.push(number);
  });
  for (const number of all) seen[number] = 0;
  return all;
}

function sums(a: readonly number[], b: readonly number[], modulus: number): number[] {
  if (b.length === 1) return b[0] === 0 ? [...a] : a.map((value) => (value + b[0]) & (modulus - 1));
  return distinct(modulus, (add) => {
    for (const other of b) for (const value of a) add((value + other) & (modulus - 1));
  });
}

/** The bits of a ciphertext's number that a dimension decides. */
function ciphertextMask({ slots, bits }: Layout, dimension: number): number {
  return bits
    .slice(Math.log2(slots))
    .reduce((mask, role, k) => mask + (isCoordinate(role) && role[0] === dimension ? 2 ** k : 0), 0);
}

/** Whether an element at `position` is in that ciphertext, as far as the bits of one dimension say. */
function inside(position: number, slots: number, ciphertext: number, mask: number): boolean {
  return ((Math.floor(position / slots) ^ ciphertext) & mask) === 0;
}
