import { KERNEL_NAMES } from "../ntt/kernels.js";
import { MAX_SLABS, type SlabArena } from "./arena.js";
import { INDEXED, SECRET } from "./encode.js";
import { type Pass, type Pipelines, TWIDDLE_BINDING, WINDOW_BYTES } from "./pipelines.js";
import type { Profiler } from "./profile.js";
import type { Rows } from "./rows.js";
import type { Batch } from "./schedule.js";
import { type Traffic, trafficOf } from "./traffic.js";
import type { Twiddles } from "./twiddles.js";
import { BUFFER_USE } from "./usage.js";

/** Words of all tables of one submission. */
const TABLE_WORDS = 2 ** 20;
const WINDOW_WORDS = WINDOW_BYTES / 4;
/** Dynamic offsets are multiples of 256 bytes on every adapter. */
const ALIGNMENT_WORDS = 64;
/** Workgroups of one dimension on every adapter: rows of a dispatch. */
const MAX_ROWS = 65535;

interface Dispatch {
  readonly pass: Pass;
  readonly tableBytes: number;
  readonly rows: number;
  /** Only while somebody profiles. */
  readonly traffic?: Traffic;
}

/** Turns batches into tables, dispatches and command buffers. */
export class Submission {
  dispatches = 0;
  submits = 0;
  /** Times dispatches while it is there. */
  profiler: Profiler | undefined;
  private readonly table: GPUBuffer;
  /** Stand where no slab is yet: a buffer may not be bound twice as writable. */
  private readonly placeholders: readonly GPUBuffer[];
  private readonly words = new Uint32Array(TABLE_WORDS);
  private used = 0;
  private pending: Dispatch[] = [];
  private secret = false;
  private bindings: { readonly generation: number; readonly group: GPUBindGroup } | undefined;

  constructor(
    private readonly gpu: GPUDevice,
    private readonly pipelines: Pipelines,
    private readonly arena: SlabArena,
    private readonly twiddles: Twiddles,
  ) {
    const usage = BUFFER_USE.storage | BUFFER_USE.copyTarget;
    // A window behind the last table still lies in the buffer.
    this.table = gpu.createBuffer({ label: "launch tables", size: 4 * TABLE_WORDS + WINDOW_BYTES, usage });
    this.placeholders = Array.from({ length: MAX_SLABS }, () => gpu.createBuffer({ size: 4, usage }));
  }

  /** Runs the batches in their order: one submission, unless their tables are larger than the buffer for them. */
  run(rows: Rows, batches: readonly Batch[]): void {
    for (const batch of batches) for (let done = 0; done < batch.rows.length; ) done += this.put(rows, batch, done);
    this.send();
  }

  /** Overwrites the tables with zeros and gives the buffers back. */
  wipe(encoder: GPUCommandEncoder): void {
    this.words.fill(0);
    encoder.clearBuffer(this.table);
  }

  destroy(): void {
    for (const buffer of [this.table, ...this.placeholders]) buffer.destroy();
  }

  /** The table and dispatches of as many rows of the batch as fit, after those done. @returns their number */
  private put(rows: Rows, batch: Batch, done: number): number {
    const kernel = KERNEL_NAMES[batch.kernel];
    const indexed = INDEXED.includes(kernel);
    const room = Math.min(WINDOW_WORDS, TABLE_WORDS - this.used);
    let count = 0;
    let size = 0;
    for (; done + count < batch.rows.length && count < MAX_ROWS; count++) {
      const more = rows.lengths[batch.rows[done + count]] + (indexed ? 1 : 0);
      if (size + more > room) break;
      size += more;
    }
    if (count === 0) {
      if (this.used === 0) throw new RangeError(`a row of ${kernel} has too many terms`);
      this.send();
      return 0;
    }
    let at = this.used + (indexed ? count : 0);
    for (let i = 0; i < count; i++) {
      if (indexed) this.words[this.used + i] = at - this.used;
      const row = batch.rows[done + i];
      const end = rows.first[row] + rows.lengths[row];
      for (let word = rows.first[row]; word < end; word++) this.words[at++] = rows.words[word];
    }
    const passes = this.pipelines.of(kernel, batch.logN);
    const whole = this.profiler && trafficOf(rows, batch.rows.slice(done, done + count), passes.length);
    const traffic = whole && { bytes: whole.bytes / passes.length, products: whole.products / passes.length };
    for (const pass of passes) this.pending.push({ pass, tableBytes: 4 * this.used, rows: count, traffic });
    this.secret ||= SECRET.includes(kernel);
    this.used = Math.ceil(at / ALIGNMENT_WORDS) * ALIGNMENT_WORDS;
    return count;
  }

  private send(): void {
    if (this.pending.length === 0) return;
    this.gpu.queue.writeBuffer(this.table, 0, this.words, 0, this.used);
    const encoder = this.gpu.createCommandEncoder();
    const group = this.bindGroup();
    const compute = this.profiler ? undefined : encoder.beginComputePass();
    for (const { pass, tableBytes, rows, traffic } of this.pending) {
      const timed = this.profiler && encoder.beginComputePass(this.profiler.next(pass.pipeline.label, traffic!));
      const commands = timed ?? compute!;
      commands.setPipeline(pass.pipeline);
      commands.setBindGroup(0, group, [tableBytes]);
      commands.dispatchWorkgroups(pass.workgroups, rows);
      timed?.end();
    }
    compute?.end();
    if (this.secret) {
      // Seeds of secrets were in the tables.
      encoder.clearBuffer(this.table, 0, 4 * this.used);
      this.words.fill(0, 0, this.used);
    }
    this.gpu.queue.submit([encoder.finish()]);
    this.dispatches += this.pending.length;
    this.submits++;
    this.pending = [];
    this.used = 0;
    this.secret = false;
  }

  private bindGroup(): GPUBindGroup {
    const generation = this.arena.generation + this.twiddles.generation; // both only grow
    if (this.bindings?.generation !== generation) {
      const slabs = this.placeholders.map((placeholder, i) => ({
        binding: 1 + i,
        resource: { buffer: this.arena.slabs[i] ?? placeholder },
      }));
      const table = { binding: 0, resource: { buffer: this.table, size: WINDOW_BYTES } };
      const twiddles = { binding: TWIDDLE_BINDING, resource: { buffer: this.twiddles.buffer } };
      const group = this.gpu.createBindGroup({ layout: this.pipelines.layout, entries: [table, ...slabs, twiddles] });
      this.bindings = { generation, group };
    }
    return this.bindings.group;
  }
}
