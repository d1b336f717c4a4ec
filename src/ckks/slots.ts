/** Whether a vector may have as many slots in some ring: 1, 2, 4, … A text is none, even one that reads "4". */
export function isSlotCount(x: number): boolean {
  return Number.isInteger(x) && x >= 1 && Number.isInteger(Math.log2(x));
}
