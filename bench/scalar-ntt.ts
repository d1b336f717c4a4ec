import { twiddles } from "../src/ntt/roots.js";

/**
 * The peer of the NTT row: the same transform in scalar JavaScript, as good as plain numbers allow: 32-bit wrapping
 * products, the quotient from a double whose error of one the correction step absorbs.
 */
export function scalarNtt(prime: number, logN: number): (values: Uint32Array) => void {
  const { forward } = twiddles(prime, logN);
  const ratios = Float64Array.from(forward, (w) => w / prime);
  return (values) => {
    let t = values.length >> 1;
    for (let m = 1; m < values.length; m <<= 1, t >>= 1) {
      for (let i = 0; i < m; i++) {
        const w = forward[m + i];
        const ratio = ratios[m + i];
        const begin = 2 * i * t;
        for (let j = begin; j < begin + t; j++) {
          const x = values[j];
          const b = values[j + t];
          let y = (Math.imul(b, w) - Math.imul(Math.floor(b * ratio), prime)) | 0;
          if (y < 0) y += prime;
          else if (y >= prime) y -= prime;
          const sum = x + y;
          const difference = x - y;
          values[j] = sum >= prime ? sum - prime : sum;
          values[j + t] = difference < 0 ? difference + prime : difference;
        }
      }
    }
  };
}
