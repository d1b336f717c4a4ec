import type { ByteSource } from "../bytes/stream.js";
import { EvaluationKeys, PublicKey, Residency, type Store } from "../ckks/index.js";
import { KeyMismatchError, ParameterError } from "../errors.js";
import { EncryptedImage, type EncryptedModel, type PlainModel, type Plan, Server } from "../nn/index.js";
import type { Device } from "../ntt/device.js";
import { openScratchFile } from "../scratch.js";

/** How much of the machine the engine takes. */
export interface EngineLimits {
  /** Of the device's memory: keys and models that stay between two jobs, and those of the job itself. */
  readonly memoryBytes: number;
  /** Beyond it keys and model of one job run from a scratch file, with so many bytes inside. */
  readonly pagedBytes: number;
}

/** What is asked of it. */
export interface Work {
  readonly plan: Plan;
  /** Names keys and model: the same name is the same bytes. */
  readonly model: string;
  readonly openKeys: () => Promise<ByteSource>;
  readonly openModel: () => Promise<ByteSource>;
  readonly openImage: () => Promise<ByteSource>;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, of: number) => void;
}

/** Weights of a network that computes for a second or more. */
const WAITING_BYTES = 2 ** 29;

/** Keys and a model in the device's memory. */
interface Session extends Disposable {
  readonly server: Server;
  readonly model: EncryptedModel | PlainModel;
  readonly bytes: number;
}

/** Computes jobs one after the other on one device, and keeps keys and models between them while there is room. */
export class Engine {
  /** Least recently used first. */
  private readonly sessions = new Map<string, Session>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly device: Device,
    private readonly limits: EngineLimits,
  ) {}

  /**
   * Reads keys as a job would, and holds them against the plan.
   * @returns SHA-256 of the public key
   * @throws the library's errors for keys that are none, of another plan, or of two different secrets
   */
  checkKeys(plan: Plan, publicKey: ByteSource, evaluationKeys: ByteSource): Promise<string> {
    return this.alone(async () => {
      using read = await PublicKey.fromBytes(publicKey, this.device);
      this.makeRoom(plan.memory.keys);
      using scratch = await this.residencyFor(plan.memory.keys);
      const { residency } = scratch;
      using keys = await EvaluationKeys.fromBytes(evaluationKeys, this.device, { residency });
      new Server(plan, this.device, keys, residency);
      if (read.ring.parameters.digest().some((byte, i) => byte !== plan.parameters.digest()[i])) {
        throw new ParameterError("the public key is of other parameters than the plan's", "make the key for this plan");
      }
      if (keys.fingerprint !== read.fingerprint) {
        throw new KeyMismatchError("public key and evaluation keys belong to two secret keys", "send those of one");
      }
      return read.fingerprint;
    });
  }

  /** The file of the result. @throws the library's errors for what does not fit, the signal's reason */
  run(work: Work): Promise<Uint8Array> {
    return this.alone(async () => {
      work.signal.throwIfAborted();
      const { server, model } = await this.sessionFor(work);
      using image = await EncryptedImage.fromBytes(await work.openImage(), work.plan, this.device);
      const { signal, onProgress } = work;
      // What is queued cannot be taken back: a large network waits between two steps, so that it can be stopped there.
      const waits = work.plan.memory.model > WAITING_BYTES && { onStep: () => undefined };
      using result = await server.run(model, image, { signal, onProgress, ...waits });
      return await result.toBytes();
    });
  }

  /** Frees what lies of a model, when the job that runs has ended. */
  forget(model: string): void {
    void this.alone(async () => {
      this.sessions.get(model)?.[Symbol.dispose]();
      this.sessions.delete(model);
    });
  }

  /** Models that lie in memory now. */
  models(): string[] {
    return [...this.sessions.keys()];
  }

  /** Why nothing can be computed any more; undefined while all is well. */
  async problem(): Promise<string | undefined> {
    try {
      await this.device.idle();
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Waits for the job that runs, and frees everything. The device stays the caller's. */
  close(): Promise<void> {
    return this.alone(async () => this.makeRoom(Number.POSITIVE_INFINITY));
  }

  private async sessionFor(work: Work): Promise<Session> {
    const known = this.sessions.get(work.model);
    if (known) {
      this.sessions.delete(work.model);
      this.sessions.set(work.model, known); // the most recently used, now
      return known;
    }
    const session = await this.open(work);
    this.sessions.set(work.model, session);
    return session;
  }

  private async open({ plan, openKeys, openModel }: Work): Promise<Session> {
    const { memory } = plan;
    const wanted = memory.keys + memory.model + memory.image;
    this.makeRoom(wanted);
    const { device } = this;
    const owned: Disposable[] = [];
    const own = <T extends Disposable>(value: T): T => {
      owned.unshift(value); // disposed of from the last to the first
      return value;
    };
    const free = () => {
      for (const value of owned) value[Symbol.dispose]();
    };
    try {
      const { residency } = own(await this.residencyFor(wanted));
      const keys = own(await EvaluationKeys.fromBytes(await openKeys(), device, { residency }));
      const server = new Server(plan, device, keys, residency);
      const model = own(await server.readModel(await openModel()));
      return { server, model, bytes: residency ? this.limits.pagedBytes : wanted, [Symbol.dispose]: free };
    } catch (error) {
      free();
      throw error;
    }
  }

  /** Frees sessions, the least recently used first, until so many bytes are free of what the engine may take. */
  private makeRoom(bytes: number): void {
    let used = [...this.sessions.values()].reduce((sum, session) => sum + session.bytes, 0);
    for (const [name, session] of this.sessions) {
      if (used + bytes <= this.limits.memoryBytes) return;
      session[Symbol.dispose]();
      this.sessions.delete(name);
      used -= session.bytes;
    }
  }

  private async residencyFor(bytes: number): Promise<Disposable & { readonly residency?: Residency }> {
    if (bytes <= this.limits.memoryBytes) return { [Symbol.dispose]: () => undefined };
    const store: Store = await openScratchFile();
    return { residency: new Residency(this.limits.pagedBytes, store), [Symbol.dispose]: () => store[Symbol.dispose]() };
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    const own = this.last.then(work, work);
    this.last = own.catch(() => undefined);
    return own;
  }
}
