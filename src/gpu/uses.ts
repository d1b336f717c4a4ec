import { grown, type Rows } from "./rows.js";

/** Operands by limb, in the order of their rows: a list for each limb, linked both ways. */
class OperandLists {
  /** The last operand of a limb, and of an operand those before and after it; −1 where there is none. */
  last = new Int32Array(0);
  before = new Int32Array(0);
  private after = new Int32Array(0);

  constructor(private readonly rows: Rows) {}

  /** Empties the lists of all limbs that the rows name. */
  clear(): void {
    const { limbs, operandCount, limbBound } = this.rows;
    if (this.last.length < limbBound) this.last = grown(this.last, limbBound);
    if (this.before.length < operandCount) {
      this.before = grown(this.before, operandCount);
      this.after = grown(this.after, operandCount);
    }
    for (let o = 0; o < operandCount; o++) this.last[limbs[o]] = -1;
  }

  append(operand: number): void {
    this.link(operand, this.last[this.rows.limbs[operand]], -1);
  }

  remove(operand: number): void {
    const [previous, following] = [this.before[operand], this.after[operand]];
    if (previous >= 0) this.after[previous] = following;
    if (following >= 0) this.before[following] = previous;
    else this.last[this.rows.limbs[operand]] = previous;
  }

  /** Puts an operand where a later row stands. From the end: what is postponed mostly comes to stand there. */
  postpone(operand: number, row: number): void {
    const { owners, limbs } = this.rows;
    this.remove(operand);
    let following = -1;
    let previous = this.last[limbs[operand]];
    while (previous >= 0 && owners[previous] > row) {
      following = previous;
      previous = this.before[previous];
    }
    this.link(operand, previous, following);
  }

  /** The limb's last operand of a row before `row`. */
  lastBefore(limb: number, row: number): number {
    const { owners } = this.rows;
    let o = this.last[limb];
    while (o >= 0 && owners[o] >= row) o = this.before[o];
    return o;
  }

  private link(operand: number, previous: number, following: number): void {
    this.before[operand] = previous;
    this.after[operand] = following;
    if (previous >= 0) this.after[previous] = operand;
    if (following >= 0) this.before[following] = operand;
    else this.last[this.rows.limbs[operand]] = operand;
  }
}

/** Who uses a limb, one that some row has for an operand. Those who write it are listed once more: most limbs have one of them, and many who read. */
export class Uses {
  private readonly all: OperandLists;
  private readonly written: OperandLists;

  constructor(private readonly rows: Rows) {
    this.all = new OperandLists(rows);
    this.written = new OperandLists(rows);
  }

  /** Lists all operands. */
  build(): void {
    const { written, operandCount } = this.rows;
    this.all.clear();
    this.written.clear();
    for (let o = 0; o < operandCount; o++) {
      this.all.append(o);
      if (written[o]) this.written.append(o);
    }
  }

  /** The last row before `row` that uses the limb, if it writes it; −1 else. */
  producer(limb: number, row: number): number {
    const { owners } = this.rows;
    const use = this.all.lastBefore(limb, row);
    const write = this.written.lastBefore(limb, row);
    return write >= 0 && owners[write] === owners[use] ? owners[use] : -1;
  }

  /** The only row after `row` that uses the limb; −1 where there is none, or more. */
  onlyUserAfter(limb: number, row: number): number {
    const { owners } = this.rows;
    let user = -1;
    for (let o = this.all.last[limb]; o >= 0 && owners[o] > row; o = this.all.before[o]) {
      if (user >= 0 && owners[o] !== user) return -1;
      user = owners[o];
    }
    return user;
  }

  /** Whether a row between two writes the limb. */
  changes(limb: number, from: number, to: number): boolean {
    const o = this.written.lastBefore(limb, to);
    return o >= 0 && this.rows.owners[o] > from;
  }

  /** Whether no row after `row` uses the limb, which `row` does. */
  endsWith(limb: number, row: number): boolean {
    const o = this.all.last[limb];
    return o >= 0 && this.rows.owners[o] === row;
  }

  /** Takes an operand out. */
  remove(operand: number): void {
    this.all.remove(operand);
    if (this.rows.written[operand]) this.written.remove(operand);
  }

  /** Puts an operand where a later row stands, which takes it over. */
  postpone(operand: number, row: number): void {
    this.all.postpone(operand, row);
    if (this.rows.written[operand]) this.written.postpone(operand, row);
  }
}
