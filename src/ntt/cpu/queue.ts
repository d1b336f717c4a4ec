import { DeviceError } from "../../errors.js";
import { type LateLaunch, RING_BYTES, requireShort } from "./encode.js";
import { ADDRESS, CONTROL, INDEX_SIZE, INDEX_WORDS, ROW_BITS } from "./worker.js";
import type { WorkerPool } from "./workers.js";

interface Waiter {
  readonly sequence: number;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Launches on their way to the workers: a ring in shared memory, and behind it a list without a bound, because the
 * thread that queues must never wait. Launches run in the order of their sequence numbers, one after the other.
 */
export class LaunchQueue {
  private readonly control: Int32Array;
  private readonly ring: Uint32Array;
  /** Launches that found no room yet. */
  private overflow: Uint32Array[] = [];
  /** Published and not known to be completed: where each begins in the ring, oldest first. */
  private readonly inRing: { readonly begin: number; readonly end: number; readonly open: boolean }[] = [];
  private published = 0;
  private completed = 0;
  private queued = 0;
  /** The last launch with words that were written. */
  private wordsUntil = 0;
  private waiters: Waiter[] = [];
  private failure: DeviceError | undefined;

  constructor(
    memory: WebAssembly.Memory,
    private readonly workers: WorkerPool,
  ) {
    this.control = new Int32Array(memory.buffer, 0, ADDRESS.scratch / 4);
    this.ring = new Uint32Array(memory.buffer, ADDRESS.ring, RING_BYTES / 4);
    workers.onWake = () => this.pump();
  }

  get failed(): boolean {
    return this.failure !== undefined;
  }

  /** Queues one launch; returns at once. @throws DeviceError after a worker has died. */
  push(launch: Uint32Array): void {
    if (this.failure) throw this.failure;
    if (launch[1] === 0) return; // a launch is completed by whoever runs its last row
    requireShort(launch, RING_BYTES / 2);
    if (launch[1] >= 2 ** ROW_BITS) throw new RangeError(`a launch of ${launch[1]} rows is too large`);
    this.queued++;
    if (this.overflow.length === 0 && this.publish(launch)) return;
    this.overflow.push(launch);
    this.pump();
  }

  /** Queues a launch of words that anybody may see: they are put into the ring at once where there is room, and left there. */
  pushOpen(launch: LateLaunch): void {
    if (this.failure) throw this.failure;
    if (launch.rows === 0) return;
    if (4 * launch.length > RING_BYTES / 2) throw new RangeError(`a launch of ${4 * launch.length} bytes is too large`);
    const put = (target: Uint32Array, begin: number) => launch.put(target, begin);
    // Counted when it is there: who asks for the words may find that they are not.
    if (this.overflow.length === 0 && this.publishWith(launch.length, launch.rows, put, true)) {
      this.queued++;
      return;
    }
    const words = new Uint32Array(launch.length);
    launch.put(words, 0);
    this.overflow.push(words);
    this.queued++;
    this.pump();
  }

  /** Queues a launch with words that may be a message: they leave the ring when it has run, whether or not anybody asks. */
  pushWords(launch: Uint32Array): void {
    this.push(launch);
    // Asked for once a turn: most turns end with a wait for everything, and a wake in between costs a worker some microseconds.
    if (this.wordsUntil <= this.completed) queueMicrotask(() => this.failed || this.pump());
    this.wordsUntil = this.queued;
  }

  /** Resolves when everything queued so far has run. */
  async idle(): Promise<void> {
    if (this.failure) throw this.failure;
    const sequence = this.queued;
    this.pump();
    if (this.completed >= sequence) return;
    await new Promise<void>((resolve, reject) => {
      this.waiters.push({ sequence, resolve, reject });
      this.workers.keepAlive(true);
      this.pump();
    });
  }

  /** Nothing runs any more: whoever waits is told so, and launches that found no room, with their words, are overwritten. */
  close(): void {
    this.fail(new DeviceError("the device was closed before its launches had run", "await every result, then close()"));
  }

  /** Takes note of what is completed, publishes what now fits, and asks to be woken for the rest. */
  private pump(): void {
    for (;;) {
      this.retire();
      while (this.overflow.length > 0 && this.publish(this.overflow[0])) this.overflow.shift();
      const due = this.waiters.filter(({ sequence }) => sequence <= this.completed);
      this.waiters = this.waiters.filter(({ sequence }) => sequence > this.completed);
      for (const waiter of due) waiter.resolve();
      const wanted = this.nextWanted();
      if (wanted === undefined) {
        this.workers.keepAlive(false);
        return;
      }
      Atomics.store(this.control, CONTROL.wanted, wanted | 0);
      Atomics.store(this.control, CONTROL.waiting, 1);
      // What was completed between the look and the wish sends no message: look again.
      if (((Atomics.load(this.control, CONTROL.completed) - wanted) | 0) < 0) return;
    }
  }

  /** The sequence number at which the main thread has something to do. */
  private nextWanted(): number | undefined {
    const forWaiter = this.waiters.length > 0 ? Math.min(...this.waiters.map(({ sequence }) => sequence)) : Infinity;
    // Half a ring free before the next refill.
    const forRoom = this.overflow.length > 0 ? this.completed + Math.ceil(this.inRing.length / 2) : Infinity;
    const forWords = this.wordsUntil > this.completed ? this.wordsUntil : Infinity;
    const first = Math.min(forWaiter, forRoom, forWords);
    return Number.isFinite(first) ? Math.min(first, this.published) : undefined;
  }

  private retire(): void {
    const delta = (Atomics.load(this.control, CONTROL.completed) - this.completed) | 0;
    this.completed += delta;
    // Words that were written may have been a message or its noise.
    for (const { begin, end, open } of this.inRing.splice(0, delta)) if (!open) this.ring.fill(0, begin, end);
  }

  /** Puts a launch into the ring if there is room. */
  private publish(launch: Uint32Array): boolean {
    const put = (target: Uint32Array, begin: number) => target.set(launch, begin);
    if (!this.publishWith(launch.length, launch[1], put, false)) return false;
    launch.fill(0);
    return true;
  }

  private publishWith(
    length: number,
    rows: number,
    put: (target: Uint32Array, begin: number) => void,
    open: boolean,
  ): boolean {
    if (this.inRing.length >= INDEX_SIZE - 1) this.retire();
    if (this.inRing.length >= INDEX_SIZE - 1) return false;
    let begin = this.room(length);
    if (begin < 0) {
      this.retire();
      begin = this.room(length);
    }
    if (begin < 0) return false;
    put(this.ring, begin);
    this.inRing.push({ begin, end: begin + length, open });
    const entry = ADDRESS.index / 4 + INDEX_WORDS * (this.published % INDEX_SIZE);
    this.control[entry] = ADDRESS.ring + 4 * begin;
    this.control[entry + 1] = rows;
    this.control[entry + 2] = 0;
    this.published++;
    Atomics.store(this.control, CONTROL.published, this.published | 0);
    Atomics.notify(this.control, CONTROL.published);
    return true;
  }

  /** Where `length` free words begin, or −1. */
  private room(length: number): number {
    if (this.inRing.length === 0) return 0;
    const { begin: oldest } = this.inRing[0];
    const { end } = this.inRing[this.inRing.length - 1];
    const wrapped = end <= oldest;
    if (wrapped) return end + length < oldest ? end : -1;
    if (end + length <= this.ring.length) return end;
    return length < oldest ? 0 : -1;
  }

  /** Whoever waits is told so, and so is everybody who comes after. */
  fail(error: DeviceError): void {
    this.failure ??= error;
    for (const waiter of this.waiters) waiter.reject(error);
    this.waiters = [];
    for (const launch of this.overflow) launch.fill(0);
    this.overflow = [];
    this.workers.keepAlive(false);
  }
}
