import { grown, type Rows } from "./rows.js";

/** Who uses a limb, in the order of the rows: for each limb a list of operands, linked both ways. */
export class Uses {
  /** The last operand of a limb, and of an operand those before and after it; −1 where there is none. */
  private last = new Int32Array(0);
  private before = new Int32Array(0);
  private after = new Int32Array(0);
  /** The same of operands that are written: most limbs have one of them and many that are read. */
  private lastWritten = new Int32Array(0);
  private beforeWritten = new Int32Array(0);

  constructor(private readonly rows: Rows) {}

  /** Lists all operands. */
  build(): void {
    const { limbs, written, operandCount, limbBound } = this.rows;
    if (this.last.length < limbBound) {
      this.last = grown(this.last, limbBound);
      this.lastWritten = grown(this.lastWritten, limbBound);
    }
    if (this.before.length < operandCount) {
      this.before = grown(this.before, operandCount);
      this.after = grown(this.after, operandCount);
      this.beforeWritten = grown(this.beforeWritten, operandCount);
    }
    const { last, before, after, lastWritten, beforeWritten } = this;
    for (let o = 0; o < operandCount; o++) last[limbs[o]] = lastWritten[limbs[o]] = -1;
    for (let o = 0; o < operandCount; o++) {
      const limb = limbs[o];
      const previous = last[limb];
      before[o] = previous;
      after[o] = -1;
      if (previous >= 0) after[previous] = o;
      last[limb] = o;
      if (!written[o]) continue;
      beforeWritten[o] = lastWritten[limb];
      lastWritten[limb] = o;
    }
  }

  /** The last row before `row` that uses the limb, if it writes it; −1 else. */
  producer(limb: number, row: number): number {
    const { owners, written } = this.rows;
    let o = this.last[limb];
    while (o >= 0 && owners[o] >= row) o = this.before[o];
    if (o < 0) return -1;
    const user = owners[o];
    for (; o >= 0 && owners[o] === user; o = this.before[o]) if (written[o]) return user;
    return -1;
  }

  /** The only row after `row` that uses the limb; −1 where there is none, or more. */
  onlyUserAfter(limb: number, row: number): number {
    const { owners } = this.rows;
    let user = -1;
    for (let o = this.last[limb]; o >= 0 && owners[o] > row; o = this.before[o]) {
      if (user >= 0 && owners[o] !== user) return -1;
      user = owners[o];
    }
    return user;
  }

  /** Whether a row between two writes the limb. */
  changes(limb: number, from: number, to: number): boolean {
    const { owners } = this.rows;
    let o = this.lastWritten[limb];
    while (o >= 0 && owners[o] >= to) o = this.beforeWritten[o];
    return o >= 0 && owners[o] > from;
  }

  /** Whether no row after `row` uses the limb, which `row` does. */
  endsWith(limb: number, row: number): boolean {
    const o = this.last[limb];
    return o >= 0 && this.rows.owners[o] === row;
  }

  /** Takes an operand out. */
  remove(operand: number): void {
    const { limbs, written } = this.rows;
    const limb = limbs[operand];
    const [previous, following] = [this.before[operand], this.after[operand]];
    if (previous >= 0) this.after[previous] = following;
    if (following >= 0) this.before[following] = previous;
    else this.last[limb] = previous;
    if (!written[operand]) return;
    let o = this.lastWritten[limb];
    if (o === operand) this.lastWritten[limb] = this.beforeWritten[operand];
    else {
      while (this.beforeWritten[o] !== operand) o = this.beforeWritten[o];
      this.beforeWritten[o] = this.beforeWritten[operand];
    }
  }

  /** Puts an operand where a later row stands, which takes it over. */
  postpone(operand: number, row: number): void {
    const { owners, limbs, written } = this.rows;
    const limb = limbs[operand];
    this.remove(operand);
    // From the end: what is postponed mostly comes to stand there.
    let following = -1;
    let previous = this.last[limb];
    while (previous >= 0 && owners[previous] > row) {
      following = previous;
      previous = this.before[previous];
    }
    this.before[operand] = previous;
    this.after[operand] = following;
    if (previous >= 0) this.after[previous] = operand;
    if (following >= 0) this.before[following] = operand;
    else this.last[limb] = operand;
    if (!written[operand]) return;
    let later = -1;
    let o = this.lastWritten[limb];
    while (o >= 0 && owners[o] > row) {
      later = o;
      o = this.beforeWritten[o];
    }
    this.beforeWritten[operand] = o;
    if (later >= 0) this.beforeWritten[later] = operand;
    else this.lastWritten[limb] = operand;
  }
}
