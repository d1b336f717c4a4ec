import { type Answer, type Call, type Engine, type Fault, LASTING, type Progress } from "./messages.js";

/** What the engine refused, in its own words. */
export class EngineError extends Error {
  constructor(readonly fault: Fault) {
    super(fault.message);
  }
}

type Onward = (progress: Progress) => void;

interface Waiting {
  readonly method: keyof Engine;
  readonly settle: (answer: Answer) => void;
  readonly onward: Onward | undefined;
}

/** To start takes a second; a worker whose script got lost says nothing at all. */
const LONGEST_START_MS = 60_000;

/** The engine in its worker, which does one call after the other. */
export class RemoteEngine {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;
  private generation = 0;
  private death: Fault | undefined;

  constructor() {
    this.worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const call = this.waiting.get(data.id);
      if ("progress" in data) call?.onward?.(data.progress);
      else call?.settle(data);
    };
    this.worker.onerror = (event) => this.die(event.message || "the page's worker did not start");
    this.worker.onmessageerror = () => this.die("a message of the page's worker could not be read");
  }

  /** @param onward told how far a long call is */
  call<M extends keyof Engine>(method: M, args: Parameters<Engine[M]>, onward?: Onward): ReturnType<Engine[M]> {
    return this.ask(method, args, onward) as ReturnType<Engine[M]>;
  }

  /**
   * Ends what is under way and what waits, past all of it.
   * @param lock whether the open key is wiped, too
   */
  interrupt(lock: boolean): void {
    this.generation++;
    this.worker.postMessage({ interrupt: this.generation, lock } satisfies Call);
    const fault = { of: "page", name: "PageError", code: "stopped", message: "the user stopped it" } as const;
    this.settleAll(fault, (method) => !LASTING.has(method));
  }

  /** The end of everything in it, an open key too. */
  close(): void {
    this.die("the page was left");
    this.worker.terminate();
  }

  private ask(method: keyof Engine, args: readonly unknown[], onward: Onward | undefined): Promise<unknown> {
    if (this.death) return Promise.reject(new EngineError(this.death));
    const id = this.calls++;
    return new Promise((resolve, reject) => {
      const settle = (answer: Answer) => {
        this.waiting.delete(id);
        if ("fault" in answer) reject(new EngineError(answer.fault));
        else if ("value" in answer) resolve(answer.value);
      };
      this.waiting.set(id, { method, settle, onward });
      this.worker.postMessage({ id, generation: this.generation, method, args } satisfies Call);
      if (method !== "open") return;
      setTimeout(() => this.waiting.has(id) && this.die("the page's worker did not start in time"), LONGEST_START_MS);
    });
  }

  private die(message: string): void {
    this.death ??= { of: "page", name: "PageError", code: "engineDied", message };
    this.settleAll(this.death, () => true);
  }

  private settleAll(fault: Fault, ends: (method: keyof Engine) => boolean): void {
    for (const [id, { method, settle }] of this.waiting) if (ends(method)) settle({ id, fault });
  }
}
