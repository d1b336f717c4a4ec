import { grown, type Rows } from "./rows.js";

/** Who uses a limb, in the order of the rows: for each limb a list of operands, linked both ways. */
export class Uses {
  /** The last operand of a limb, and of an operand those before and after it; −1 where there is none. */
  private last = new Int32Array(0);
  private before = new Int32Array(0);
  private after = new Int32Array(0);

  constructor(private readonly rows: Rows) {}

  /** Lists all operands. */
  build(): void {
    const { limbs, operandCount, limbBound } = this.rows;
    if (this.last.length < limbBound) this.last = grown(this.last, limbBound);
    if (this.before.length < operandCount) {
      this.before = grown(this.before, operandCount);
      this.after = grown(this.after, operandCount);
    }
    const { last, before, after } = this;
    for (let o = 0; o < operandCount; o++) last[limbs[o]] = -1;
    for (let o = 0; o < operandCount; o++) {
      const limb = limbs[o];
      const previous = last[limb];
      before[o] = previous;
      after[o] = -1;
      if (previous >= 0) after[previous] = o;
      last[limb] = o;
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
    const { owners, written } = this.rows;
    let o = this.last[limb];
    while (o >= 0 && owners[o] >= to) o = this.before[o];
    for (; o >= 0 && owners[o] > from; o = this.before[o]) if (written[o]) return true;
    return false;
  }

  /** Whether no row after `row` uses the limb, which `row` does. */
  endsWith(limb: number, row: number): boolean {
    const o = this.last[limb];
    return o >= 0 && this.rows.owners[o] === row;
  }

  /** Takes an operand out. */
  remove(operand: number): void {
    const [previous, following] = [this.before[operand], this.after[operand]];
    if (previous >= 0) this.after[previous] = following;
    if (following >= 0) this.before[following] = previous;
    else this.last[this.rows.limbs[operand]] = previous;
  }

  /** Puts an operand where a later row stands, before the row takes it over. */
  postpone(operand: number, row: number): void {
    const { owners, limbs } = this.rows;
    let previous = operand;
    for (let o = this.after[operand]; o >= 0 && owners[o] <= row; o = this.after[o]) previous = o;
    if (previous === operand) return;
    this.remove(operand);
    const following = this.after[previous];
    this.before[operand] = previous;
    this.after[operand] = following;
    this.after[previous] = operand;
    if (following >= 0) this.before[following] = operand;
    else this.last[limbs[operand]] = operand;
  }
}
