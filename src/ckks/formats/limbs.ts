import { productModulo } from "../../ntt/modulus.js";
import { requireDomain, VALUES } from "../form.js";
import { OwnedLimbs } from "../limbs.js";
import { launchEach, packedLimbBytes, type RnsPolynomial, scale } from "../polynomial.js";

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
  const { stored } = poly;
  // Paged, and packed as the file wants it: it need not come in.
  if (stored && primes.every((p) => productModulo([stored.factor(p), without?.(p) ?? 1], p) === 1)) {
    for (const run of stored.words) yield bytesOf(run.read());
    return;
  }
  // A ciphertext's parts are written as they are.
  const scaled = without || form.power !== VALUES.power;
  using made = scaled ? scale(poly, without ?? (() => 1), primes, VALUES.power) : undefined;
  const plain = made ?? poly;
  using packed = new OwnedLimbs(ring, ring.device.allocate(ring.logN, primes.length));
  launchEach(ring, "pack", primes, (p) => [packed.limbs[primes.indexOf(p)], plain.limb(p), p]);
  const words = await ring.device.read(ring.logN, packed.limbs);
  for (const [i, prime] of primes.entries()) {
    yield bytesOf(words[i]).subarray(0, packedLimbBytes(prime, ring.logN));
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
