import { Refusal } from "./failures.js";
import { type JobRecord, tenantOf } from "./job-record.js";
import type { JobQueue } from "./queue.js";
import type { Runs } from "./runs.js";
import { Watchers } from "./watchers.js";

const RETRY_MS = 5_000;

/** Runs jobs in this process, one after the other, tenants taking turns. */
export class LocalQueue implements JobQueue {
  readonly watchers = new Watchers();
  private readonly progress = new Map<string, number>();
  private readonly waiting: string[] = [];
  /** Of those that wait or run: a name may be given again to another job. */
  private readonly nonces = new Map<string, string>();
  private running: { readonly name: string; readonly controller: AbortController } | undefined;
  /** When each tenant's last job began, by a count. */
  private readonly served = new Map<string, number>();
  private begun = 0;
  private stopping = false;
  private turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly runs: Runs,
    /** Of a job that has ended. */
    private readonly onEnded: (name: string) => void,
    private readonly onError: (error: unknown) => void,
  ) {}

  async add(name: string, { nonce }: JobRecord): Promise<void> {
    if (this.nonces.get(name) === nonce || this.waiting.includes(name)) return;
    this.nonces.set(name, nonce);
    this.waiting.push(name);
    this.pump();
  }

  async remove(name: string, { nonce }: JobRecord): Promise<void> {
    this.watchers.tell(name);
    if (this.nonces.get(name) !== nonce) return;
    const at = this.waiting.indexOf(name);
    if (at >= 0) {
      this.waiting.splice(at, 1);
      this.nonces.delete(name);
    }
    if (this.running?.name === name) {
      this.running.controller.abort(new Refusal("conflict", "the job has ended", "submit another"));
    }
    this.watchers.tell(name);
  }

  steps(name: string): number {
    return this.progress.get(name) ?? 0;
  }

  async open(): Promise<number> {
    return this.waiting.length + Number(this.running !== undefined);
  }

  async settled(tenant: string): Promise<void> {
    while (this.running && tenantOf(this.running.name) === tenant) await this.turn;
  }

  problem(): string | undefined {
    return this.runs.problem;
  }

  async close(): Promise<void> {
    this.stopping = true;
    this.running?.controller.abort(new Error("the service stops"));
    await this.turn;
    this.watchers.tellAll();
  }

  private pump(): void {
    if (this.running || this.stopping || this.runs.problem || this.waiting.length === 0) return;
    const lastServed = (name: string) => this.served.get(tenantOf(name)) ?? 0;
    const next = this.waiting.reduce((best, name) => (lastServed(name) < lastServed(best) ? name : best));
    this.waiting.splice(this.waiting.indexOf(next), 1);
    if (this.waiting.length === 0) this.served.clear();
    this.served.set(tenantOf(next), ++this.begun);
    this.running = { name: next, controller: new AbortController() };
    this.turn = this.run(next, this.running.controller.signal).finally(() => {
      this.running = undefined;
      this.progress.delete(next);
      this.pump();
    });
  }

  private async run(name: string, signal: AbortSignal): Promise<void> {
    const onProgress = (steps: number) => {
      this.progress.set(name, steps);
      this.watchers.tell(name);
    };
    // What fails here is ours and no job's: a disk that is full, say.
    const ended = await this.runs.run(name, signal, onProgress).catch((error) => {
      this.onError(error);
      return false;
    });
    this.watchers.tell(name);
    if (ended) {
      if (!this.waiting.includes(name)) this.nonces.delete(name);
      return this.onEnded(name);
    }
    if (this.stopping) return;
    this.waiting.unshift(name);
    for (let left = RETRY_MS; left > 0 && !this.stopping && !this.runs.problem; left -= 100)
      await new Promise((wake) => setTimeout(wake, 100));
  }
}
