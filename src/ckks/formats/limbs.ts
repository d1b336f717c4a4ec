import type { FileReader } from "../../bytes/blocks.js";
import { type Form, powerOfWord, requireDomain, VALUES } from "../form.js";
import { OwnedLimbs } from "../limbs.js";
import { requireResidues } from "../packing.js";
import { launchEach, packedLimbBytes, RnsPolynomial, scale } from "../polynomial.js";
import type { Ring } from "../ring.js";

/**
 * How a file holds a polynomial: a block for each prime, the residues of its NTT values packed to the prime's bits. They carry
 * no power of 2^32, whatever the device's memory holds; `without` takes more away where a key's digit carries more.
 */
export async function* packedLimbs(
  poly: RnsPolynomial,
  without?: (prime: number) => number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { ring, primes, form } = poly;
  requireDomain(VALUES.domain, form);
  // A ciphertext's parts are written as they are.
  const scaled = without || form.power !== VALUES.power;
  using made = scaled ? scale(poly, without ?? (() => 1), primes, VALUES.power) : undefined;
  const plain = made ?? poly;
  using packed = new OwnedLimbs(ring, ring.device.allocate(ring.logN, primes.length));
  launchEach(ring, "pack", primes, (p) => [packed.limbs[primes.indexOf(p)], plain.limb(p), p]);
  const words = await ring.device.read(ring.logN, packed.limbs);
  for (const [i, prime] of primes.entries()) {
    yield new Uint8Array(words[i].buffer, words[i].byteOffset, packedLimbBytes(prime, ring.logN));
  }
}

/**
 * What `packedLimbs` wrote, in the form given, and times `factor`. Every residue is looked at before it is used. Costs one
 * unpacking and one product with a number for each prime.
 * @throws FormatError for a block of another length, and for a word that is no residue
 */
export async function readLimbs(
  file: FileReader,
  ring: Ring,
  primes: readonly number[],
  { form, what, factor = () => 1 }: { form: Form; what: string; factor?: (prime: number) => number },
): Promise<RnsPolynomial> {
  using poly = RnsPolynomial.allocate(ring, primes, VALUES);
  using packed = new OwnedLimbs(ring, ring.device.allocate(ring.logN, 1));
  const [limb] = packed.limbs;
  for (const prime of primes) {
    const length = packedLimbBytes(prime, ring.logN);
    const block = await file.next(what, { length });
    ring.device.write(ring.logN, limb, requireResidues(block, 2 ** ring.logN, prime));
    ring.device.launch("unpack", ring.logN, [[poly.limb(prime), limb, prime]]);
  }
  const raised = (p: number) => powerOfWord(form.power, p);
  if (primes.every((p) => factor(p) * raised(p) === 1)) return poly.move();
  return scale(poly, factor, primes, form.power);
}
