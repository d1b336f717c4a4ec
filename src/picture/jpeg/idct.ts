// cos(kπ/16)/2, as numbers: Math.cos may differ by a last bit between engines, and pages and Node are to agree.
const C1 = 0.4903926402016152;
const C2 = 0.46193976625564337;
const C3 = 0.4157348061512726;
const C4 = 0.35355339059327373;
const C5 = 0.2777851165098011;
const C6 = 0.1913417161825449;
const C7 = 0.09754516100806412;

const work = new Float64Array(64);

/**
 * Samples of a block from its dequantised coefficients, in the order of rows: the inverse DCT in doubles, rounded once, shifted by 128 and
 * cut to 0..255. Libraries that compute it on integers differ by 1 where rounding is close.
 * Source: ITU-T T.81, A.3.3; the symmetry of cosines halves the products.
 */
export function inverseDct(coefficients: Float64Array, samples: Uint8Array, at: number, stride: number): void {
  for (let x = 0; x < 8; x++) transform(coefficients, x, 8, work);
  for (let y = 0; y < 8; y++) {
    transform(work, 8 * y, 1, work);
    for (let x = 0, to = at + y * stride; x < 8; x++) {
      const value = Math.floor(work[8 * y + x] + 128.5);
      samples[to + x] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}

/** One line of eight, `step` apart, in place where `from` is `to`. */
function transform(from: Float64Array, at: number, step: number, to: Float64Array): void {
  const s0 = from[at];
  const s1 = from[at + step];
  const s2 = from[at + 2 * step];
  const s3 = from[at + 3 * step];
  const s4 = from[at + 4 * step];
  const s5 = from[at + 5 * step];
  const s6 = from[at + 6 * step];
  const s7 = from[at + 7 * step];
  const sum = C4 * (s0 + s4);
  const difference = C4 * (s0 - s4);
  const inner = C2 * s2 + C6 * s6;
  const outer = C6 * s2 - C2 * s6;
  const e0 = sum + inner;
  const e1 = difference + outer;
  const e2 = difference - outer;
  const e3 = sum - inner;
  const o0 = C1 * s1 + C3 * s3 + C5 * s5 + C7 * s7;
  const o1 = C3 * s1 - C7 * s3 - C1 * s5 - C5 * s7;
  const o2 = C5 * s1 - C1 * s3 + C7 * s5 + C3 * s7;
  const o3 = C7 * s1 - C5 * s3 + C3 * s5 - C1 * s7;
  to[at] = e0 + o0;
  to[at + step] = e1 + o1;
  to[at + 2 * step] = e2 + o2;
  to[at + 3 * step] = e3 + o3;
  to[at + 4 * step] = e3 - o3;
  to[at + 5 * step] = e2 - o2;
  to[at + 6 * step] = e1 - o1;
  to[at + 7 * step] = e0 - o0;
}

/** Where the coefficients of the zigzag stand in a block. T.81, figure A.6. */
export const zigzag = zigzagOrder();

function zigzagOrder(): Uint8Array {
  const order = new Uint8Array(64);
  let [x, y] = [0, 0];
  for (let k = 0; k < 64; k++) {
    order[k] = 8 * y + x;
    const up = (x + y) % 2 === 0;
    if (up && x === 7) y++;
    else if (up && y === 0) x++;
    else if (!up && y === 7) x++;
    else if (!up && x === 0) y++;
    else [x, y] = up ? [x + 1, y - 1] : [x - 1, y + 1];
  }
  return order;
}
