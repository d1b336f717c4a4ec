import { ParameterError } from "../errors.js";
import type { Device } from "../ntt/device.js";
import { COPY, kindOf, refuseForeign, requireInstance, THIS_COPY } from "./copies.js";
import { NoiseModel } from "./noise.js";
import type { Parameters } from "./parameters.js";

/** By device, then by the parameters' content; as long as somebody uses them: bytes from strangers may name ever others. */
const rings = new WeakMap<Device, Map<string, WeakRef<Ring>>>();
const forgotten = new FinalizationRegistry<{ known: WeakRef<Map<string, WeakRef<Ring>>>; identity: string }>(
  ({ known, identity }) => {
    // Meanwhile there may be another one.
    if (!known.deref()?.get(identity)?.deref()) known.deref()?.delete(identity);
  },
);

const NOT_CLONED = Symbol(
  "what lies in a device's memory: send what its toBytes() gives, and read it by fromBytes; it",
);

/**
 * Polynomials modulo X^N + 1 and the primes of some parameters, on one device. There is one object for each device and
 * each content of parameters: whether two things fit each other is one comparison, while parameters that were made
 * twice, or came as JSON, still work together.
 */
export class Ring {
  /** Whatever lies on a device holds its ring: structuredClone and postMessage come to this first, and their error names it. */
  protected readonly notCloned: symbol = NOT_CLONED;
  /** Where its polynomials lie. */
  readonly device: Device;
  /** The primes, and what they are good for. */
  readonly parameters: Parameters;
  /** The noise of each operation. */
  readonly noise: NoiseModel;

  private constructor(device: Device, parameters: Parameters) {
    this.device = device;
    this.parameters = parameters;
    this.noise = new NoiseModel(parameters);
    Object.freeze(this);
  }

  /** The ring of `parameters` on `device`. @throws TypeError for what is no device, and what are no parameters. */
  static of(device: Device, parameters: Parameters): Ring {
    requireDevice(device);
    // Not `instanceof`: parameters are numbers only, those of another copy of the library serve as well.
    if (typeof parameters?.identity !== "string") {
      throw new TypeError(`parameters: what Parameters.choose or .of gives was expected, not ${kindOf(parameters)}`);
    }
    let known = rings.get(device);
    if (!known) rings.set(device, (known = new Map()));
    const { identity } = parameters;
    let ring = known.get(identity)?.deref();
    if (ring) return ring;
    ring = new Ring(device, parameters);
    known.set(identity, new WeakRef(ring));
    forgotten.register(ring, { known: new WeakRef(known), identity });
    return ring;
  }

  get [COPY](): object {
    return THIS_COPY;
  }

  /** log2 of the degree N. */
  get logN(): number {
    return this.parameters.logN;
  }
}

/** @throws TypeError for what is no ring. */
export function requireIsRing(ring: Ring): void {
  requireInstance(ring, Ring, "ring", "what `evaluator.ring` or `Ring.of(device, parameters)` gives");
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

/** @throws TypeError for what is no device, such as the promise of one. */
export function requireDevice(device: Device): void {
  if (typeof device?.allocate === "function") return;
  throw new TypeError(`device: what \`await openDevice()\` gives was expected, not ${kindOf(device)}`);
}
