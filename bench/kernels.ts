/** Single kernels on many limbs at once, as the scheme launches them; times and traffic are of one row. */
import { openDevice } from "../src/device.js";
import type { GpuDevice } from "../src/gpu/device.js";
import type { Device } from "../src/ntt/device.js";
import type { KernelName, KernelRows, Limb } from "../src/ntt/kernels.js";
import { inverseModulo, productModulo, toMontgomery } from "../src/ntt/modulus.js";
import { primePool } from "../src/ntt/primes.js";
import { openReferenceDevice } from "../src/ntt/reference.js";
import { CountingDevice } from "./counting-device.js";
import { BenchError } from "./failure.js";
import { figuresOf, type Roof } from "./gpu.js";
import type { Operation } from "./operation.js";
import type { GpuFigures, Subject } from "./record.js";
import { scalarNtt } from "./scalar-ntt.js";

export const KERNEL_ROWS = [
  "ntt",
  "intt",
  "add",
  "multiply",
  "dropAndScale",
  "permute",
  "dotProduct",
  "tensor",
  "baseConvert",
  "expandUniform",
  "sampleGaussian",
] as const satisfies readonly KernelName[];
export type KernelRowName = (typeof KERNEL_ROWS)[number];

/** Limbs that a sample works on: 1 MB at N = 2^14, more than the first two caches of a core hold; a GPU needs more to be busy. */
const LIMBS = { cpu: 16, webgpu: 48 } as const;
/** Terms of a sum of products, sources of a conversion: what a key switch at N = 2^14 has. */
const TERMS = 3;
const SOURCES = 4;
/** The BigInt reference checks this many rows of each kernel. */
const CHECKED_ROWS = 1;

type Timed = Pick<Operation, "run" | "perSample">;

/** Limbs by name on one device, the same on every device. */
interface Bench {
  readonly device: CountingDevice;
  readonly logN: number;
  /** Of the limbs, then the sources of a conversion. */
  readonly primes: readonly number[];
  readonly count: number;
  readonly limbs: Readonly<Record<"a" | "b" | "c" | "out" | "out2" | "out3", readonly Limb[]>>;
}

export class Kernels {
  private constructor(
    private readonly bench: Bench,
    readonly subject: Subject,
  ) {}

  /** @param count limbs of a launch; default what keeps the device busy */
  static async open(
    logN: number,
    threads: number,
    kind: Device["kind"] = "cpu",
    count = LIMBS[kind],
  ): Promise<Kernels> {
    const device = new CountingDevice(await openDevice(kind, { threads }));
    const parameters = `N = 2^${logN}, primes below 2^30, ${count} limbs a launch${kind === "cpu" ? "" : `, ${device.describe()}`}`;
    return new Kernels(allocate(device, logN, count), { label: "blindsight", threads: device.threads, parameters });
  }

  /** What a kernel is called in tables. */
  static nameOf(kernel: KernelRowName): string {
    if (kernel === "baseConvert") return `kernel baseConvert, ${SOURCES} limbs into one`;
    if (kernel === "dotProduct" || kernel === "tensor") {
      return `kernel ${kernel}, ${kernel === "tensor" ? "one term" : `${TERMS} terms`}`;
    }
    return `kernel ${kernel}, one limb`;
  }

  /** @throws BenchError when a kernel does not do what the BigInt reference does. */
  async operation(kernel: KernelRowName): Promise<Timed> {
    await this.check(kernel);
    const { device, logN, count } = this.bench;
    const rows = rowsOf(kernel, this.bench) as KernelRows[KernelRowName][];
    const launch = () => device.launch(kernel, logN, rows);
    return {
      perSample: count,
      run:
        device.kind === "cpu" && device.threads === 1
          ? launch
          : async () => {
              launch();
              await device.idle();
            },
    };
  }

  /** What the GPU says of one row. */
  async figures(kernel: KernelRowName, roof: Roof): Promise<GpuFigures> {
    const { device, logN, count } = this.bench;
    const rows = rowsOf(kernel, this.bench) as KernelRows[KernelRowName][];
    const launch = () => device.launch(kernel, logN, rows);
    return figuresOf(device.gpu!, await device.count(launch), roof, launch, count);
  }

  get gpu(): GpuDevice | undefined {
    return this.bench.device.gpu;
  }

  /** The peer of the NTT: the same transform in scalar JavaScript. */
  scalar(): Timed & { readonly subject: Subject } {
    const { logN, primes, count } = this.bench;
    const transforms = primes.slice(0, count).map((prime) => scalarNtt(prime, logN));
    const limbs = transforms.map((_, i) => words(logN, primes[i], i));
    return {
      perSample: count,
      run: () => {
        for (const [i, transform] of transforms.entries()) transform(limbs[i]);
      },
      subject: { label: "scalar JavaScript", threads: 1, parameters: `N = 2^${logN}, primes below 2^30` },
    };
  }

  async close(): Promise<void> {
    await this.bench.device.close();
  }

  private async check(kernel: KernelRowName): Promise<void> {
    const { device, logN } = this.bench;
    const reference = allocate(new CountingDevice(openReferenceDevice()), logN, this.bench.count);
    const results = await Promise.all(
      [this.bench, reference].map(async (bench) => {
        refill(bench);
        bench.device.launch(kernel, logN, rowsOf(kernel, bench).slice(0, CHECKED_ROWS) as KernelRows[KernelRowName][]);
        const outputs = [bench.limbs.out[0], bench.limbs.out2[0], bench.limbs.out3[0]];
        return (await bench.device.read(logN, outputs)).flatMap((limb) => [...limb]);
      }),
    );
    if (results[0].some((word, i) => word !== results[1][i])) {
      throw new BenchError(
        `${device.describe()}: the kernel ${kernel} is wrong`,
        "find out why before timing anything",
      );
    }
    if (kernel !== "ntt") return;
    const scalar = words(logN, this.bench.primes[0], 0);
    scalarNtt(this.bench.primes[0], logN)(scalar);
    if (scalar.some((word, i) => word !== results[1][i])) {
      throw new BenchError("the scalar NTT is wrong", "find out why before timing anything");
    }
  }
}

function allocate(device: CountingDevice, logN: number, count: number): Bench {
  const primes = primePool().slice(0, count + SOURCES);
  const names = ["a", "b", "c", "out", "out2", "out3"] as const;
  const limbs = Object.fromEntries(names.map((name) => [name, device.allocate(logN, count)])) as Record<
    (typeof names)[number],
    Limb[]
  >;
  return { device, logN, primes, count, limbs };
}

/** Writes the same words on every device: some kernels add to what is there. */
function refill({ device, logN, primes, limbs }: Bench): void {
  for (const [n, own] of Object.values(limbs).entries()) {
    for (const [i, limb] of own.entries()) device.write(logN, limb, words(logN, primes[i], 100 * n + i));
  }
}

/** Residues that look random. */
function words(logN: number, prime: number, seed: number): Uint32Array {
  return Uint32Array.from({ length: 2 ** logN }, (_, i) => (Math.imul(i + 1 + 65537 * seed, 2654435761) >>> 0) % prime);
}

function rowsOf(kernel: KernelRowName, { logN, primes, count, limbs }: Bench): readonly KernelRows[KernelRowName][] {
  const { a, b, c, out, out2, out3 } = limbs;
  const each = <T>(row: (i: number, prime: number) => T): T[] => out.map((_, i) => row(i, primes[i]));
  const near = (i: number) => (i + 1) % count;
  switch (kernel) {
    case "ntt":
      return each((i, p): KernelRows["ntt"] => [out[i], a[i], p]);
    case "intt":
      return each((i, p): KernelRows["intt"] => [out[i], a[i], p, toMontgomery(1, p)]);
    case "add":
    case "multiply":
      return each((i, p): KernelRows["add"] => [out[i], a[i], b[i], p]);
    case "dropAndScale":
      return each((i, p): KernelRows["dropAndScale"] => [out[i], a[i], b[i], p, inverseModulo(3, p)]);
    case "permute":
      return each((i): KernelRows["permute"] => [out[i], a[i], 5 % 2 ** (logN + 1)]);
    case "dotProduct":
      return each((i, prime): KernelRows["dotProduct"] => ({
        prime,
        out: [out[i], out2[i]],
        terms: Array.from({ length: TERMS }, () => [a[i], b[i], c[i]] as const),
      }));
    case "tensor":
      return each((i, prime): KernelRows["tensor"] => ({
        prime,
        out: [out[i], out2[i], out3[i]],
        terms: [[a[i], b[i], c[i], a[i]]],
      }));
    case "baseConvert": {
      const sources = primes.slice(count);
      const target = (i: number) => ({ out: out[i], prime: primes[i], ...constants(sources, primes[i]) });
      return [
        {
          sources: a.slice(0, SOURCES),
          fractions: sources.map((q) => Math.floor(2 ** 56 / q)),
          targets: out.map((_, i) => target(i)),
        },
      ];
    }
    case "expandUniform":
      return each((i, p): KernelRows["expandUniform"] => [out[i], p, seed(i)]);
    case "sampleGaussian":
      return each((i): KernelRows["sampleGaussian"] => [out[i], seed(near(i))]);
  }
}

function constants(sources: readonly number[], prime: number) {
  const rest = (q: number) => sources.filter((other) => other !== q);
  return {
    constants: sources.map((q) => toMontgomery(productModulo(rest(q), prime), prime)),
    quotientConstant: toMontgomery(prime - productModulo(sources, prime), prime),
  };
}

function seed(i: number): Uint32Array {
  return Uint32Array.from({ length: 11 }, (_, k) => 1000 * i + k);
}
