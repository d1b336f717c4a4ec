import { ParameterError } from "../errors.js";
import type { Device } from "../ntt/device.js";
import { COPY, kindOf, refuseForeign, THIS_COPY } from "./copies.js";
import type { Parameters } from "./parameters.js";
import type { Ring } from "./polynomial.js";

/**
 * One ring for each device and each content of parameters: whether two things fit each other is then one comparison of
 * two objects, while parameters that were made twice, or came as JSON, still work together.
 */
const rings = new WeakMap<Device, Map<string, Ring>>();

/**
 * The ring of `parameters` on the device of `where`: everything that takes a device comes here.
 * @throws ParameterError when `where` has another degree; TypeError for what is no device, and what are no parameters.
 */
export function ringOf(where: Pick<Ring, "device"> & Partial<Ring>, parameters: Parameters): Ring {
  // Encoder and Encryptor take a ring, where all else takes a device.
  if (typeof (where as Partial<Device> | undefined)?.allocate === "function") {
    throw new TypeError("ring: { device, logN } was expected, not a device");
  }
  const device = where?.device;
  if (typeof device?.allocate !== "function") {
    throw new TypeError(`device: what \`await openDevice()\` gives was expected, not ${kindOf(device)}`);
  }
  // Not `instanceof`: parameters are numbers only, those of another copy of the library serve as well.
  if (typeof parameters?.identity !== "string") {
    throw new TypeError(`parameters: what Parameters.choose or .of gives was expected, not ${kindOf(parameters)}`);
  }
  const { logN = parameters.logN } = where;
  if (logN !== parameters.logN) {
    const message = `a ring of degree 2^${logN} was given with parameters of degree 2^${parameters.logN}`;
    throw new ParameterError(message, "use the ring of an evaluator with the same parameters");
  }
  let known = rings.get(device);
  if (!known) rings.set(device, (known = new Map()));
  let ring = known.get(parameters.identity);
  if (!ring) known.set(parameters.identity, (ring = Object.freeze({ device, logN, [COPY]: THIS_COPY })));
  return ring;
}

/**
 * Limbs are addresses in one device's memory, and residues mean something with one set of primes and scales only: taken
 * elsewhere they would be other numbers.
 * @throws ParameterError for what was made on another device, with other parameters, or by another copy of the library.
 */
export function requireRing(expected: Ring, actual: Ring, what: string): void {
  if (actual === expected) return;
  refuseForeign(actual, what);
  if (actual.device !== expected.device) {
    throw new ParameterError(`${what} is on another device`, "open one device and make everything on it");
  }
  throw new ParameterError(`${what} was made with other parameters`, "use the same parameters for all that meets");
}
