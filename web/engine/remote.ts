import type { Answer, Call, Engine, Fault, Progress } from "./messages.js";

/** What the engine refused, in its own words. */
export class EngineError extends Error {
  constructor(readonly fault: Fault) {
    super(fault.message);
  }
}

type Onward = (progress: Progress) => void;

/** The engine in its worker: calls go one after the other, since all of them share one device and one picture. */
export class RemoteEngine {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, { settle: (answer: Answer) => void; onward: Onward | undefined }>();
  private calls = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor() {
    this.worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const call = this.waiting.get(data.id);
      if ("progress" in data) call?.onward?.(data.progress);
      else call?.settle(data);
    };
    this.worker.onerror = (event) => {
      const fault = { name: "DeviceError", message: event.message || "the page's worker did not start" };
      for (const [id, { settle }] of this.waiting) settle({ id, fault });
    };
  }

  /** @param onward told how far a long call is */
  call<M extends keyof Engine>(method: M, args: Parameters<Engine[M]>, onward?: Onward): ReturnType<Engine[M]> {
    const answer = this.last.then(() => this.ask(method, args, onward));
    this.last = answer.catch(() => undefined);
    return answer as ReturnType<Engine[M]>;
  }

  private ask(method: keyof Engine, args: readonly unknown[], onward: Onward | undefined): Promise<unknown> {
    const id = this.calls++;
    return new Promise((resolve, reject) => {
      const settle = (answer: Answer) => {
        this.waiting.delete(id);
        if ("fault" in answer) reject(new EngineError(answer.fault));
        else if ("value" in answer) resolve(answer.value);
      };
      this.waiting.set(id, { settle, onward });
      this.worker.postMessage({ id, method, args } satisfies Call);
    });
  }
}
