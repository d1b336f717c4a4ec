// The negacyclic NTT: Harvey's lazy butterflies, four lanes, the two short stages in registers.
// Tables hold powers of the primitive 2N-th root in bit-reversed order, followed by their Shoup quotients.
// Sources: Longa and Naehrig, CANS 2016; Harvey, "Faster arithmetic for number-theoretic transforms", 2014.
import { shoup, shoupQuotient, subtractIf } from "./words";

/** out = NTT(input), canonical, bit-reversed order. `w`, `ws`: powers of the root and their quotients. */
export function ntt(out: usize, input: usize, w: usize, ws: usize, logN: i32, prime: u32): void {
  const n: i32 = 1 << logN;
  const p = i32x4.splat(prime);
  const p2 = i32x4.splat(2 * prime);
  let t = n >> 1;
  {
    // The first stage also moves the data from input to out.
    const W = v128.load32_splat(w + 4);
    const S = v128.load32_splat(ws + 4);
    const half = <usize>t << 2;
    for (let o: usize = 0; o < half; o += 16) {
      const x = v128.load(input + o); // canonical
      const y = shoup(v128.load(input + half + o), W, S, p);
      v128.store(out + o, i32x4.add(x, y));
      v128.store(out + half + o, i32x4.add(i32x4.sub(x, y), p2));
    }
  }
  let m = 2;
  t >>= 1;
  while (t >= 16) {
    for (let i = 0; i < m; i++) {
      const W = v128.load32_splat(w + (<usize>(m + i) << 2));
      const S = v128.load32_splat(ws + (<usize>(m + i) << 2));
      let u = out + (<usize>(2 * i * t) << 2);
      let v = u + (<usize>t << 2);
      const end = v;
      for (; u < end; u += 32, v += 32) {
        let x = subtractIf(v128.load(u), p2);
        let y = shoup(v128.load(v), W, S, p);
        v128.store(u, i32x4.add(x, y)); // < 4p < 2^32
        v128.store(v, i32x4.add(i32x4.sub(x, y), p2));
        x = subtractIf(v128.load(u, 16), p2);
        y = shoup(v128.load(v, 16), W, S, p);
        v128.store(u, i32x4.add(x, y), 16);
        v128.store(v, i32x4.add(i32x4.sub(x, y), p2), 16);
      }
    }
    m <<= 1;
    t >>= 1;
  }
  // t = 8 and t = 4, sixteen values at a time.
  for (let i = 0; i < m; i++) {
    const k = <usize>(m + i) << 2;
    const W1 = v128.load32_splat(w + k);
    const S1 = v128.load32_splat(ws + k);
    const u = out + (<usize>i << 6);
    const x0 = subtractIf(v128.load(u), p2);
    const x1 = subtractIf(v128.load(u, 16), p2);
    const y2 = shoup(v128.load(u, 32), W1, S1, p);
    const y3 = shoup(v128.load(u, 48), W1, S1, p);
    const u0 = subtractIf(i32x4.add(x0, y2), p2);
    const u2 = subtractIf(i32x4.add(i32x4.sub(x0, y2), p2), p2);
    const z1 = shoup(i32x4.add(x1, y3), v128.load32_splat(w + 2 * k), v128.load32_splat(ws + 2 * k), p);
    v128.store(u, i32x4.add(u0, z1)); // < 4p < 2^32
    v128.store(u, i32x4.add(i32x4.sub(u0, z1), p2), 16);
    const z3 = shoup(
      i32x4.add(i32x4.sub(x1, y3), p2),
      v128.load32_splat(w + 2 * k, 4),
      v128.load32_splat(ws + 2 * k, 4),
      p,
    );
    v128.store(u, i32x4.add(u2, z3), 32);
    v128.store(u, i32x4.add(i32x4.sub(u2, z3), p2), 48);
  }
  m <<= 2;
  // t = 2 and t = 1, eight values at a time.
  for (let i = 0; i < m; i += 2) {
    const u = out + (<usize>(4 * i) << 2);
    const x0 = v128.load(u);
    const x1 = v128.load(u, 16);
    const X = subtractIf(i8x16.shuffle(x0, x1, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23), p2);
    const Y = i8x16.shuffle(x0, x1, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const w2 = v128.load64_zero(w + (<usize>(m + i) << 2));
    const s2 = v128.load64_zero(ws + (<usize>(m + i) << 2));
    const y = shoup(
      Y,
      i8x16.shuffle(w2, w2, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7),
      i8x16.shuffle(s2, s2, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7),
      p,
    );
    const s = i32x4.add(X, y); // a0 a1 b0 b1
    const d = i32x4.add(i32x4.sub(X, y), p2); // a2 a3 b2 b3
    const X1 = subtractIf(i8x16.shuffle(s, d, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27), p2);
    const Y1 = i8x16.shuffle(s, d, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    const z = shoup(Y1, v128.load(w + (<usize>(2 * m + 2 * i) << 2)), v128.load(ws + (<usize>(2 * m + 2 * i) << 2)), p);
    const e = subtractIf(subtractIf(i32x4.add(X1, z), p2), p);
    const f = subtractIf(subtractIf(i32x4.add(i32x4.sub(X1, z), p2), p2), p);
    v128.store(u, i8x16.shuffle(e, f, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23));
    v128.store(u, i8x16.shuffle(e, f, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31), 16);
  }
}

/** out = N·INTT(input)·scale, canonical: the caller puts N^−1 into `scale`. `w`, `ws`: powers of the inverse root. */
export function intt(out: usize, input: usize, w: usize, ws: usize, logN: i32, prime: u32, scale: u32): void {
  const n: i32 = 1 << logN;
  const p = i32x4.splat(prime);
  const p2 = i32x4.splat(2 * prime);
  // t = 1 and t = 2, eight values at a time; data stays in [0, 2p).
  const h1 = n >> 1;
  const h2 = n >> 2;
  for (let i = 0; i < h2; i += 2) {
    const from = input + (<usize>(4 * i) << 2);
    const u = out + (<usize>(4 * i) << 2);
    const v0 = v128.load(from); // a0 a1 a2 a3
    const v1 = v128.load(from, 16); // b0 b1 b2 b3
    const E = i8x16.shuffle(v0, v1, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27); // a0 a2 b0 b2
    const O = i8x16.shuffle(v0, v1, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31); // a1 a3 b1 b3
    const s = subtractIf(i32x4.add(E, O), p2); // a0' a2' b0' b2'
    const d = shoup(
      i32x4.add(i32x4.sub(E, O), p2),
      v128.load(w + (<usize>(h1 + 2 * i) << 2)),
      v128.load(ws + (<usize>(h1 + 2 * i) << 2)),
      p,
    ); // a1' a3' b1' b3'
    const X = i8x16.shuffle(s, d, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27); // a0' a1' b0' b1'
    const Y = i8x16.shuffle(s, d, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31); // a2' a3' b2' b3'
    const w2 = v128.load64_zero(w + (<usize>(h2 + i) << 2));
    const s2 = v128.load64_zero(ws + (<usize>(h2 + i) << 2));
    const e = subtractIf(i32x4.add(X, Y), p2); // a0 a1 b0 b1
    const f = shoup(
      i32x4.add(i32x4.sub(X, Y), p2),
      i8x16.shuffle(w2, w2, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7),
      i8x16.shuffle(s2, s2, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7),
      p,
    ); // a2 a3 b2 b3
    v128.store(u, i8x16.shuffle(e, f, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
    v128.store(u, i8x16.shuffle(e, f, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 16);
  }
  // t = 4 and t = 8, sixteen values at a time.
  for (let i = 0, h = n >> 4; i < h; i++) {
    const k = <usize>(h + i) << 2;
    const u = out + (<usize>i << 6);
    const a0 = v128.load(u);
    const a1 = v128.load(u, 16);
    const a2 = v128.load(u, 32);
    const a3 = v128.load(u, 48);
    const b0 = subtractIf(i32x4.add(a0, a1), p2);
    const b2 = subtractIf(i32x4.add(a2, a3), p2);
    const W1 = v128.load32_splat(w + k);
    const S1 = v128.load32_splat(ws + k);
    v128.store(u, subtractIf(i32x4.add(b0, b2), p2));
    v128.store(u, shoup(i32x4.add(i32x4.sub(b0, b2), p2), W1, S1, p), 32);
    const b1 = shoup(
      i32x4.add(i32x4.sub(a0, a1), p2),
      v128.load32_splat(w + 2 * k),
      v128.load32_splat(ws + 2 * k),
      p,
    );
    const b3 = shoup(
      i32x4.add(i32x4.sub(a2, a3), p2),
      v128.load32_splat(w + 2 * k, 4),
      v128.load32_splat(ws + 2 * k, 4),
      p,
    );
    v128.store(u, subtractIf(i32x4.add(b1, b3), p2), 16);
    v128.store(u, shoup(i32x4.add(i32x4.sub(b1, b3), p2), W1, S1, p), 48);
  }
  let t = 16;
  let h = n >> 5;
  while (h > 1) {
    for (let i = 0; i < h; i++) {
      const W = v128.load32_splat(w + (<usize>(h + i) << 2));
      const S = v128.load32_splat(ws + (<usize>(h + i) << 2));
      let u = out + (<usize>(2 * i * t) << 2);
      let v = u + (<usize>t << 2);
      const end = v;
      for (; u < end; u += 32, v += 32) {
        let x = v128.load(u);
        let y = v128.load(v);
        v128.store(u, subtractIf(i32x4.add(x, y), p2));
        v128.store(v, shoup(i32x4.add(i32x4.sub(x, y), p2), W, S, p));
        x = v128.load(u, 16);
        y = v128.load(v, 16);
        v128.store(u, subtractIf(i32x4.add(x, y), p2), 16);
        v128.store(v, shoup(i32x4.add(i32x4.sub(x, y), p2), W, S, p), 16);
      }
    }
    t <<= 1;
    h >>= 1;
  }
  // The last stage carries the scale in both of its outputs.
  const last = <u32>((<u64>load<u32>(w + 4) * <u64>scale) % <u64>prime);
  const W = i32x4.splat(last);
  const WS = i32x4.splat(shoupQuotient(last, prime));
  const F = i32x4.splat(scale);
  const FS = i32x4.splat(shoupQuotient(scale, prime));
  const half = <usize>t << 2;
  // Two loops: with both products in one V8 takes three times as long.
  for (let u = out, v = out + half, end = v; u < end; u += 16, v += 16) {
    const x = v128.load(u);
    const y = v128.load(v);
    v128.store(u, i32x4.add(x, y)); // < 4p < 2^32
    v128.store(v, subtractIf(shoup(i32x4.add(i32x4.sub(x, y), p2), W, WS, p), p));
  }
  for (let u = out, end = out + half; u < end; u += 16) {
    v128.store(u, subtractIf(shoup(v128.load(u), F, FS, p), p));
  }
}

/** ws[i] = ⌊w[i]·2^32/p⌋. */
export function quotients(w: usize, ws: usize, n: i32, prime: u32): void {
  for (let o: usize = 0, bytes = <usize>n << 2; o < bytes; o += 4) {
    store<u32>(ws + o, shoupQuotient(load<u32>(w + o), prime));
  }
}
