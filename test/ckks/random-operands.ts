import {
  type Ciphertext,
  type ComplexVector,
  Encryptor,
  Evaluator,
  KeyHolder,
  type Parameters,
  Randomness,
} from "../../src/ckks/index.js";
import { ErrorModel, type Expectation } from "./expectation.js";
import { type Draw, randomParameters } from "./random-parameters.js";
import { clear, testDevice } from "./settings.js";

/** Ciphertexts that live at once. */
const LIVE = 6;
export const ROTATIONS = [1, -1, 6, 33] as const;

/** What an operation gave, and what it should have given. */
export interface Tracked {
  readonly ct: Ciphertext;
  readonly expected: Expectation;
}

/** What random operations are drawn from: parameters and keys, a few ciphertexts, vectors, numbers. */
export class Operands implements Disposable {
  private readonly live: Tracked[] = [];

  private constructor(
    readonly draw: Draw,
    readonly parameters: Parameters,
    readonly alice: KeyHolder,
    readonly he: Evaluator,
    readonly encryptor: Encryptor,
    readonly model: ErrorModel,
    private readonly filled: boolean,
  ) {}

  /** `filled`: values fill the bound that is declared for them, which is the default where none is. */
  static async open(draw: Draw, largestLogN: number, filled = false): Promise<Operands> {
    const device = await testDevice();
    const parameters = randomParameters(draw, largestLogN);
    const [holderSeed, encryptorSeed] = [draw.whole(1, 2 ** 30), draw.whole(1, 2 ** 30)];
    const alice = await KeyHolder.create(device, parameters, Randomness.seededUnsafe(holderSeed));
    const keys = alice.evaluationKeys({ rotations: ROTATIONS, conjugate: true });
    const he = new Evaluator(device, parameters, keys);
    const encryptor = new Encryptor(alice.publicKey, Randomness.seededUnsafe(encryptorSeed));
    return new Operands(draw, parameters, alice, he, encryptor, new ErrorModel(parameters), filled);
  }

  get scarce(): boolean {
    return this.live.length < 2;
  }

  /** Keeps it for later operations, in the place of another one when there are many. */
  keep(x: Tracked): void {
    if (this.live.length < LIVE) this.live.push(x);
    else this.live.splice(this.draw.whole(0, LIVE - 1), 1, x)[0].ct[Symbol.dispose]();
  }

  /** A live ciphertext; what `wanted` excludes is not drawn. */
  operand(wanted: (x: Tracked) => boolean = () => true): Tracked | undefined {
    const fitting = this.live.filter(wanted);
    return fitting.length > 0 ? this.draw.pick(fitting) : undefined;
  }

  /** What the operation gives, where the result, and what comes before it, fits. */
  result(stages: readonly Expectation[], run: () => Ciphertext): Tracked | undefined {
    if (!stages.every((stage) => this.model.fits(stage))) return undefined;
    return { ct: run(), expected: stages[stages.length - 1] };
  }

  /** What is encrypted, and the bound that is declared for it. */
  message(slots: number, level: number): { values: ComplexVector; bound?: number } {
    if (!this.filled) return { values: this.values(slots, level) };
    const most = Math.log2(this.parameters.headroomAt(level)) - 1;
    const bound = this.draw.chance(0.5) ? 1 : 2 ** this.draw.between(-4, Math.min(most, 4));
    return { values: clear.scale(this.values(slots, level), bound), bound };
  }

  /** Slot values that fit a level, and may be large, tiny, few or equal. */
  values(slots: number, level: number): ComplexVector {
    const { draw } = this;
    if (this.filled) return fillingOne(draw, slots);
    const most = Math.log2(this.parameters.headroomAt(level)) - 2;
    const bits = draw.chance(0.1) ? draw.between(-20, Math.min(most, 300)) : draw.between(-3, Math.min(most, 3));
    const kind = draw.pick(["all", "all", "all", "few", "constant", "one large"] as const);
    const constant = draw.between(-1, 1);
    const part = () =>
      Float64Array.from({ length: slots }, (_, i) => {
        if (kind === "constant") return constant * 2 ** bits;
        if (kind === "few" && !draw.chance(0.1)) return draw.pick([0, -0, 5e-324]);
        if (kind === "one large" && i === 0) return draw.between(-1, 1) * 2 ** Math.min(most, 24);
        return draw.between(-Math.SQRT1_2, Math.SQRT1_2) * 2 ** bits;
      });
    return { real: part(), imaginary: draw.chance(0.3) ? new Float64Array(slots) : part() };
  }

  number(): number {
    if (this.filled) return this.draw.pick([1, -1, this.draw.between(-1, 1), this.draw.between(-40, 40)]);
    return this.draw.pick([0, -0, 1, -1, 5e-324, this.draw.between(-1, 1), this.draw.between(-40, 40)]);
  }

  slots(): number {
    const { slots } = this.parameters;
    return this.draw.chance(0.5) ? slots : 2 ** this.draw.whole(0, Math.log2(slots));
  }

  [Symbol.dispose](): void {
    for (const { ct } of this.live) ct[Symbol.dispose]();
    this.he.keys[Symbol.dispose]();
    this.alice[Symbol.dispose]();
  }
}

/** Points on the unit circle, all over the disc, or between −1 and 1. */
function fillingOne(draw: Draw, slots: number): ComplexVector {
  const kind = draw.pick(["circle", "disc", "interval"] as const);
  const [real, imaginary] = [new Float64Array(slots), new Float64Array(slots)];
  for (let i = 0; i < slots; i++) {
    const radius = kind === "disc" ? Math.sqrt(draw.unit()) : 1;
    const angle = draw.between(-Math.PI, Math.PI);
    real[i] = kind === "interval" ? draw.between(-1, 1) : radius * Math.cos(angle);
    imaginary[i] = kind === "interval" ? 0 : radius * Math.sin(angle);
  }
  return { real, imaginary };
}

/** The level that it has once it is canonical. */
export function levelOf({ ct }: Tracked): number {
  return ct.level - (ct.state === "product" ? 1 : 0);
}
