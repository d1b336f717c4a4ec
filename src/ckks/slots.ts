/** 1, 2, 4, …: slots of a vector, sides of a layout, factors of a calibration. A text is none, even one that reads "4". */
export function isPowerOfTwo(x: number): boolean {
  return Number.isInteger(x) && x > 0 && 2 ** Math.round(Math.log2(x)) === x;
}
