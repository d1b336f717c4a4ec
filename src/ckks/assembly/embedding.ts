// The stages of the canonical embedding's FFT on split real and imaginary parts, two butterflies at a time.
// Factors lie so that the butterfly j of the stage of half-length h finds its own at h + j.

/** Natural order in, bit-reversed order out, divided by n. */
export function toCoefficients(re: usize, im: usize, cosines: usize, sines: usize, n: i32): void {
  for (let half: usize = <usize>n >> 1; half >= 2; half >>= 1) {
    const span = half << 3;
    const factors = cosines + span;
    const sinuses = sines + span;
    for (let block: usize = 0, bytes = <usize>n << 3; block < bytes; block += 2 * span) {
      for (let j: usize = 0; j < span; j += 16) {
        const a = block + j;
        const c = v128.load(factors + j);
        const s = v128.load(sinuses + j);
        const xr = v128.load(re + a);
        const xi = v128.load(im + a);
        const yr = v128.load(re + a + span);
        const yi = v128.load(im + a + span);
        v128.store(re + a, f64x2.add(xr, yr));
        v128.store(im + a, f64x2.add(xi, yi));
        const dr = f64x2.sub(xr, yr);
        const di = f64x2.sub(xi, yi);
        v128.store(re + a + span, f64x2.add(f64x2.mul(dr, c), f64x2.mul(di, s)));
        v128.store(im + a + span, f64x2.sub(f64x2.mul(di, c), f64x2.mul(dr, s)));
      }
    }
  }
  const c = n > 1 ? load<f64>(cosines, 8) : 1;
  const s = n > 1 ? load<f64>(sines, 8) : 0;
  const scale = 1 / <f64>n; // a power of two: exact
  for (let a: usize = 0, bytes = <usize>n << 3; n > 1 && a < bytes; a += 16) {
    const dr = load<f64>(re + a) - load<f64>(re + a, 8);
    const di = load<f64>(im + a) - load<f64>(im + a, 8);
    store<f64>(re + a, (load<f64>(re + a) + load<f64>(re + a, 8)) * scale);
    store<f64>(im + a, (load<f64>(im + a) + load<f64>(im + a, 8)) * scale);
    store<f64>(re + a, (dr * c + di * s) * scale, 8);
    store<f64>(im + a, (di * c - dr * s) * scale, 8);
  }
}

/** Bit-reversed order in, natural order out. */
export function toSlots(re: usize, im: usize, cosines: usize, sines: usize, n: i32): void {
  for (let a: usize = 0, bytes = <usize>n << 3; n > 1 && a < bytes; a += 16) {
    const c = load<f64>(cosines, 8);
    const s = load<f64>(sines, 8);
    const xr = load<f64>(re + a);
    const xi = load<f64>(im + a);
    const vr = load<f64>(re + a, 8) * c - load<f64>(im + a, 8) * s;
    const vi = load<f64>(re + a, 8) * s + load<f64>(im + a, 8) * c;
    store<f64>(re + a, xr + vr);
    store<f64>(im + a, xi + vi);
    store<f64>(re + a, xr - vr, 8);
    store<f64>(im + a, xi - vi, 8);
  }
  for (let half: usize = 2; half < <usize>n; half <<= 1) {
    const span = half << 3;
    for (let block: usize = 0, bytes = <usize>n << 3; block < bytes; block += 2 * span) {
      for (let j: usize = 0; j < span; j += 16) {
        const a = block + j;
        const c = v128.load(cosines + span + j);
        const s = v128.load(sines + span + j);
        const yr = v128.load(re + a + span);
        const yi = v128.load(im + a + span);
        const vr = f64x2.sub(f64x2.mul(yr, c), f64x2.mul(yi, s));
        const vi = f64x2.add(f64x2.mul(yr, s), f64x2.mul(yi, c));
        const xr = v128.load(re + a);
        const xi = v128.load(im + a);
        v128.store(re + a, f64x2.add(xr, vr));
        v128.store(im + a, f64x2.add(xi, vi));
        v128.store(re + a + span, f64x2.sub(xr, vr));
        v128.store(im + a + span, f64x2.sub(xi, vi));
      }
    }
  }
}
