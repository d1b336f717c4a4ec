/** Real parts of a service on several machines, each a process: Redis, a store that speaks S3's protocol, the service, workers. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "@20minutes/s3rver";
import { command } from "../../cli/blindsight.js";

/** A store with the bucket `objects`. */
export function bucketIn(directory: string, port: number): S3rver {
  const server = new S3rver({
    ...{ port, address: "127.0.0.1", silent: true, directory, vhostBuckets: false },
    configureBuckets: [{ name: "objects", configs: [] }],
  });
  // Its own looks whether a folder is empty, and then removes it with what has been put there meanwhile: objects were lost.
  server.store.deleteObject = async (bucket, key) => {
    for (const kind of ["object", "object.md5", "metadata.json"])
      rmSync(server.store.getResourcePath(bucket, key, kind), { force: true });
  };
  return server;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A process, what it wrote, and its end. */
export class Machine {
  log = "";
  private constructor(readonly process: ChildProcess) {
    for (const stream of [process.stdout, process.stderr]) stream?.on("data", (data) => (this.log += data));
  }

  /** Waits until it has written what `ready` matches. */
  static async start(file: string, args: readonly string[], env: NodeJS.ProcessEnv, ready: RegExp): Promise<Machine> {
    const machine = new Machine(spawn(file, args, { env: { PATH: process.env["PATH"], ...env } }));
    await machine.until(() => ready.test(machine.log));
    return machine;
  }

  async until(done: () => boolean | Promise<boolean>): Promise<void> {
    for (let left = 60_000; !(await done()); left -= 50) {
      if (this.process.exitCode !== null || left <= 0) throw new Error(this.log.slice(-4000));
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill(signal);
    await ended;
  }
}

const DURABLE = { appendonly: "yes", appendfsync: "always", "maxmemory-policy": "noeviction" };

/** All of them, on ports and in a folder of their own. */
export class Machines {
  readonly folder = mkdtempSync(join(tmpdir(), "blindsight-machines-"));
  private store: S3rver | undefined;
  redis!: Machine;
  service!: Machine;
  readonly workers: Machine[] = [];
  operatorToken = "";
  readonly url: string;

  private constructor(
    private readonly ports: { readonly redis: number; readonly store: number; readonly service: number },
  ) {
    this.url = `http://127.0.0.1:${ports.service}`;
    writeFileSync(join(this.folder, "master-key"), randomBytes(32));
    for (const name of ["redis", "store"]) mkdirSync(join(this.folder, name));
  }

  static async open(): Promise<Machines> {
    const [redis, store, service] = [await freePort(), await freePort(), await freePort()];
    const machines = new Machines({ redis, store, service });
    await machines.startRedis();
    await machines.startStore();
    await machines.startService();
    return machines;
  }

  async startRedis(config: Partial<typeof DURABLE> = {}): Promise<void> {
    const settings = Object.entries({ ...DURABLE, ...config }).flatMap(([name, value]) => [`--${name}`, value]);
    const place = ["--port", `${this.ports.redis}`, "--bind", "127.0.0.1", "--dir", join(this.folder, "redis")];
    this.redis = await Machine.start("redis-server", [...place, "--save", "", ...settings], {}, /Ready to accept/);
  }

  async startStore(): Promise<void> {
    this.store = bucketIn(join(this.folder, "store"), this.ports.store);
    await this.store.run();
  }

  /** Where Redis answers a test. */
  get redisPort(): number {
    return this.ports.redis;
  }

  /** Connections are refused from then on. */
  async stopStore(): Promise<void> {
    await this.store?.close();
    this.store = undefined;
  }

  async startService(): Promise<void> {
    const args = [command, "serve", ...this.places(), "--port", `${this.ports.service}`, "--json", "--threads", "1"];
    this.service = await Machine.start(process.execPath, args, this.env(), /"url"/);
    this.operatorToken ||= /bs_[0-9a-f]{16}_[\w-]{43}/.exec(this.service.log)![0];
  }

  async startWorker(): Promise<Machine> {
    return this.worker([command, "worker", ...this.places(), "--json", "--threads", "1"]);
  }

  /** One of whom a job is another's after two seconds of silence: twenty are long for a test. */
  async startHastyWorker(): Promise<Machine> {
    const { redis, store } = this.ports;
    const options = {
      redis: `redis://127.0.0.1:${redis}`,
      s3: { endpoint: `http://127.0.0.1:${store}/objects`, accessKeyId: "S3RVER", secretAccessKey: "S3RVER" },
      device: "cpu",
      threads: 1,
      patience: { lockMs: 2_000, lookMs: 1_000 },
    };
    const script = `
      import { readFileSync } from "node:fs";
      import { work } from ${JSON.stringify(join(command, "../../service/index.js"))};
      const masterKey = new Uint8Array(readFileSync(${JSON.stringify(join(this.folder, "master-key"))}));
      const worker = await work({ ...${JSON.stringify(options)}, masterKey });
      console.log('{"ready":true}');
      process.once("SIGTERM", () => worker.close());`;
    return this.worker(["--input-type=module", "--eval", script]);
  }

  private async worker(args: readonly string[]): Promise<Machine> {
    const worker = await Machine.start(process.execPath, args, this.env(), /"ready"/);
    this.workers.push(worker);
    return worker;
  }

  async tokenOf(scope: "owner" | "hospital", tenant: string): Promise<string> {
    const response = await fetch(`${this.url}/v1/tokens`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.operatorToken}` },
      body: JSON.stringify({ scope, tenant, days: 1 }),
    });
    return ((await response.json()) as { token: string }).token;
  }

  async close(): Promise<void> {
    for (const machine of [...this.workers, this.service, this.redis]) await machine.end("SIGKILL");
    await this.stopStore();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private places(): string[] {
    const endpoint = `http://127.0.0.1:${this.ports.store}/objects`;
    return ["--s3", endpoint, "--master-key", join(this.folder, "master-key"), "--device", "cpu"];
  }

  private env(): NodeJS.ProcessEnv {
    const { redis } = this.ports;
    const url = `redis://127.0.0.1:${redis}`;
    return { BLINDSIGHT_REDIS: url, AWS_ACCESS_KEY_ID: "S3RVER", AWS_SECRET_ACCESS_KEY: "S3RVER" };
  }
}
