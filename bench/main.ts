/**
 * `npm run bench`: times kernels and operations beside their peers in one process, one thread each.
 * Options: --filter TEXT (rows whose name contains it), --json (one object on stdout).
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { Bench } from "tinybench";
import { Encryptor, Evaluator, KeyHolder, Parameters, Randomness } from "../src/ckks/index.js";
import { openDevice } from "../src/device.js";
import { primePool } from "../src/ntt/primes.js";
import { scalarNtt } from "./scalar-ntt.js";
import { openSeal } from "./seal.js";

interface Row {
  readonly name: string;
  readonly parameters: string;
  readonly peer: string;
  readonly run: () => void;
  readonly runPeer: () => void;
}

interface Result {
  readonly name: string;
  readonly parameters: string;
  readonly medianMs: number;
  readonly minimumMs: number;
  readonly peer: string;
  readonly peerMedianMs: number;
  readonly peerMinimumMs: number;
  /** Minimum against minimum. */
  readonly ratio: number;
}

/** Rows slower than a second still get this many runs. */
const FEWEST_RUNS = 10;

const { values: options } = parseArgs({
  options: { filter: { type: "string", default: "" }, json: { type: "boolean", default: false } },
});
const rows = [await nttRow(14), ...(await schemeRows())].filter(({ name }) => name.includes(options.filter));
const results: Result[] = [];
for (const row of rows) {
  results.push(await measure(row));
  if (!options.json) print(results[results.length - 1]);
}
const machine = { cpu: cpus()[0]?.model ?? "unknown", node: process.version, threads: 1 };
if (options.json) console.log(JSON.stringify({ machine, results }, null, 2));
else
  console.log(`\n${machine.cpu}, Node ${machine.node}, one thread; ratio of the minima. Minimum (median) of each row.`);

async function nttRow(logN: number): Promise<Row> {
  const device = await openDevice("cpu", { threads: 1 });
  const [prime] = primePool();
  const words = Uint32Array.from({ length: 2 ** logN }, (_, i) => (i * 2654435761) % prime);
  const [limb] = device.allocate(logN, 1);
  device.write(logN, limb, words);
  const scalar = scalarNtt(prime, logN);
  scalar(words);
  device.launch("ntt", logN, [[limb, limb, prime]]);
  const [transformed] = await device.read(logN, [limb]);
  if (transformed.some((word, i) => word !== words[i])) throw new Error("the two NTTs disagree");
  return {
    name: "ntt",
    parameters: `N = 2^${logN}, one limb`,
    peer: "scalar JavaScript",
    run: () => device.launch("ntt", logN, [[limb, limb, prime]]),
    runPeer: () => scalar(words),
  };
}

async function schemeRows(): Promise<Row[]> {
  const parameters = Parameters.choose({ depth: 9, slots: 8192 });
  const seal = await openSeal(parameters.logN, [60, 40, 40, 40, 40, 40, 40, 60]);
  const device = await openDevice("cpu", { threads: 1 });
  const holder = KeyHolder.create(device, parameters, Randomness.system());
  const he = new Evaluator(device, parameters, holder.evaluationKeys({ rotations: [1] }));
  const encryptor = new Encryptor(he.ring, parameters, holder.publicKey, Randomness.system());
  const values = Float64Array.from({ length: parameters.slots }, (_, i) => Math.sin(i));
  const a = holder.encrypt(values);
  const b = holder.encrypt(values);
  const ours: Record<keyof typeof seal.operations, () => Disposable> = {
    multiply: () => he.multiply(a, b),
    rotate: () => he.rotate(a, 1),
    encrypt: () => encryptor.encrypt(values),
    encode: () => he.encoder.encode(values),
  };
  const names = {
    multiply: "multiply + relinearize + rescale",
    rotate: "rotate",
    encrypt: "encode + encrypt, public key",
    encode: "encode",
  };
  return (Object.keys(ours) as (keyof typeof ours)[]).map((operation) => ({
    name: names[operation],
    parameters: `${parameters.describe()}; peer: N = 2^${seal.logN}, log2 Q = ${seal.logQ} in 60-bit words, 128-bit security`,
    peer: `node-seal ${seal.version}`,
    run: () => ours[operation]()[Symbol.dispose](),
    runPeer:
      operation === "encrypt"
        ? () => [seal.operations.encode(), seal.operations.encrypt()]
        : seal.operations[operation],
  }));
}

async function measure({ name, parameters, peer, run, runPeer }: Row): Promise<Result> {
  const bench = new Bench({ time: 1000, iterations: FEWEST_RUNS, warmupTime: 200, warmupIterations: 3 });
  bench.add("ours", run).add("peer", runPeer);
  await bench.run();
  const [ours, theirs] = bench.tasks.map((task) => {
    const result = task.result;
    if (!("latency" in result)) throw new Error(`${name} did not run: ${task.name}`, { cause: result });
    return result.latency;
  });
  return {
    name,
    parameters,
    peer,
    medianMs: ours.p50,
    minimumMs: ours.min,
    peerMedianMs: theirs.p50,
    peerMinimumMs: theirs.min,
    ratio: theirs.min / ours.min,
  };
}

function print({ name, medianMs, minimumMs, peer, peerMedianMs, peerMinimumMs, ratio }: Result): void {
  const time = (minimum: number, median: number) => `${minimum.toPrecision(3)} ms (${median.toPrecision(3)})`;
  console.log(
    `${name.padEnd(34)} ${time(minimumMs, medianMs).padEnd(22)} ${peer.padEnd(18)} ${time(peerMinimumMs, peerMedianMs).padEnd(22)} ${ratio.toFixed(1)}×`,
  );
}
