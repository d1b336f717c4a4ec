import type { Answer, Call, Engine, Fault, Progress } from "./messages.js";

/** What the engine refused, in its own words. */
export class EngineError extends Error {
  constructor(readonly fault: Fault) {
    super(fault.message);
  }
}

type Onward = (progress: Progress) => void;

/** To start takes a second; a worker whose script got lost says nothing at all. */
const LONGEST_START_MS = 60_000;

/** The engine in its worker: calls go one after the other, since all of them share one device and one picture. */
export class RemoteEngine {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, { settle: (answer: Answer) => void; onward: Onward | undefined }>();
  private calls = 0;
  private last: Promise<unknown> = Promise.resolve();
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
    const answer = this.last.then(() => this.ask(method, args, onward));
    this.last = answer.catch(() => undefined);
    return answer as ReturnType<Engine[M]>;
  }

  /** Ends a diagnosis that is under way: past all calls that wait. */
  stop(): void {
    this.worker.postMessage({ stop: true } satisfies Call);
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
      this.waiting.set(id, { settle, onward });
      this.worker.postMessage({ id, method, args } satisfies Call);
      if (method !== "open") return;
      setTimeout(() => this.waiting.has(id) && this.die("the page's worker did not start in time"), LONGEST_START_MS);
    });
  }

  private die(message: string): void {
    this.death ??= { of: "page", name: "PageError", code: "engineDied", message };
    for (const [id, { settle }] of this.waiting) settle({ id, fault: this.death });
  }
}
