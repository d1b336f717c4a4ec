import type { FileReader } from "../../bytes/blocks.js";
import type { Limb } from "../../ntt/kernels.js";
import { type Form, powerOfWord, VALUES } from "../form.js";
import { allOrNothing, OwnedLimbs } from "../limbs.js";
import { requireResidues } from "../packing.js";
import type { Residency } from "../paging/residency.js";
import type { StoredWords } from "../paging/store.js";
import { filled, packedLimbBytes, RnsPolynomial, scale } from "../polynomial.js";
import type { Ring } from "../ring.js";

export interface ReadLimbsOptions {
  /** Of the polynomial that is wanted. */
  readonly form: Form;
  /** For messages. */
  readonly what: string;
  /** What its residues modulo a prime are to be multiplied by; default 1. */
  readonly factor?: (prime: number) => number;
  /** Whether the words may be a message: then each place where they lay is overwritten. Ciphertexts, keys and weights are none. */
  readonly message?: boolean;
  /** Where it is to live, if not in the device's memory. */
  readonly residency?: Residency;
}

/**
 * What `packedLimbs` wrote, in the form given, and times `factor`. Every residue is looked at before it is used. Costs one
 * unpacking and one product with a number for each prime; paged, nothing but the look.
 * @throws FormatError for a block of another length, and for a word that is no residue
 */
export async function readLimbs(
  file: FileReader,
  ring: Ring,
  primes: readonly number[],
  options: ReadLimbsOptions,
): Promise<RnsPolynomial> {
  if (options.residency) return readPaged(file, ring, primes, options, options.residency);
  const { form, what, factor = () => 1, message = false } = options;
  using poly = await allOrNothing(async (keep) => {
    const limbs: RnsPolynomial[] = [];
    // Each when its block is there: who sends a header gets no memory for what the header says.
    for (const prime of primes) {
      const words = await nextLimb(file, ring, prime, what);
      limbs.push(keep(message ? unpackedMessage(ring, prime, words) : unpacked(ring, prime, words)));
    }
    return RnsPolynomial.join(ring, limbs, VALUES);
  });
  const raised = (p: number) => powerOfWord(form.power, p);
  if (primes.every((p) => factor(p) * raised(p) === 1)) return poly.move();
  return scale(poly, factor, primes, form.power);
}

/** Copies the words once, to where the device's threads take them from. */
function unpacked(ring: Ring, prime: number, words: Uint32Array): RnsPolynomial {
  const { device, logN } = ring;
  if (!device.writePacked) return unpackedMessage(ring, prime, words);
  const row = (out: Limb) => ({ out, prime, read: () => words });
  return filled(RnsPolynomial.allocate(ring, [prime], VALUES), ({ limbs: [out] }) =>
    device.writePacked!(logN, [row(out)]),
  );
}

function unpackedMessage(ring: Ring, prime: number, words: Uint32Array): RnsPolynomial {
  return filled(RnsPolynomial.allocate(ring, [prime], VALUES), ({ limbs: [limb] }) => {
    using packed = new OwnedLimbs(ring, ring.device.allocate(ring.logN, 1));
    ring.device.write(ring.logN, packed.limbs[0], words);
    ring.device.launch("unpack", ring.logN, [[limb, packed.limbs[0], prime]]);
  });
}

/** The file's packed words, as they are. */
async function readPaged(
  file: FileReader,
  ring: Ring,
  primes: readonly number[],
  { form, what, factor = () => 1 }: ReadLimbsOptions,
  residency: Residency,
): Promise<RnsPolynomial> {
  const words: StoredWords[] = [];
  try {
    for (const prime of primes) words.push(residency.store.put(await nextLimb(file, ring, prime, what)));
  } catch (error) {
    for (const run of words) run.free();
    throw error;
  }
  return residency.admit(ring, primes, form, { words, factor });
}

async function nextLimb(file: FileReader, ring: Ring, prime: number, what: string): Promise<Uint32Array> {
  const block = await file.next(what, { length: packedLimbBytes(prime, ring.logN) });
  return requireResidues(block, 2 ** ring.logN, prime);
}
