//#include memory.wgsl
//#include modular.wgsl
//#include tile.wgsl
//#include sum.wgsl

/** Gentleman and Sande's butterflies. Elements are in [−0.72p, 0.72p] throughout. */
fn butterflies(x: Pairs, w: vec4i, p: i32) -> Pairs {
  let sum = x.u + x.v;
  let half = vec4i(p >> 1u);
  let low = select(sum, sum + p, sum < -half);
  return Pairs(select(low, sum - p, sum > half), product4(x.u - x.v, w, p));
}

/** Four stages on sixteen elements, but the last `skipped`. */
fn inverse(number: u32, lane: u32, done: u32, skipped: u32, twiddles: u32, p: i32) {
  let g = sixteenOf(number, lane, done);
  let w = g.twiddle;
  var a = takeFour(g.first, g.step);
  var b = takeFour(g.first + 4u * g.step, g.step);
  var c = takeFour(g.first + 8u * g.step, g.step);
  var d = takeFour(g.first + 12u * g.step, g.step);
  let ab = butterflies(Pairs(vec4i(a.xz, b.xz), vec4i(a.yw, b.yw)), four(twiddles, 8u * w), p);
  let cd = butterflies(Pairs(vec4i(c.xz, d.xz), vec4i(c.yw, d.yw)), four(twiddles, 8u * w + 4u), p);
  a = vec4i(ab.u.x, ab.v.x, ab.u.y, ab.v.y);
  b = vec4i(ab.u.z, ab.v.z, ab.u.w, ab.v.w);
  c = vec4i(cd.u.x, cd.v.x, cd.u.y, cd.v.y);
  d = vec4i(cd.u.z, cd.v.z, cd.u.w, cd.v.w);
  if skipped < 3u {
    let ab = butterflies(Pairs(vec4i(a.xy, b.xy), vec4i(a.zw, b.zw)), two(twiddles, 4u * w), p);
    let cd = butterflies(Pairs(vec4i(c.xy, d.xy), vec4i(c.zw, d.zw)), two(twiddles, 4u * w + 2u), p);
    a = vec4i(ab.u.xy, ab.v.xy); b = vec4i(ab.u.zw, ab.v.zw);
    c = vec4i(cd.u.xy, cd.v.xy); d = vec4i(cd.u.zw, cd.v.zw);
  }
  if skipped < 2u {
    let ab = butterflies(Pairs(a, b), one(twiddles, 2u * w), p);
    let cd = butterflies(Pairs(c, d), one(twiddles, 2u * w + 1u), p);
    a = ab.u; b = ab.v; c = cd.u; d = cd.v;
  }
  if skipped < 1u {
    let t = one(twiddles, w);
    let ac = butterflies(Pairs(a, c), t, p);
    let bd = butterflies(Pairs(b, d), t, p);
    a = ac.u; b = bd.u; c = ac.v; d = bd.v;
  }
  putFour(g.first, g.step, a);
  putFour(g.first + 4u * g.step, g.step, b);
  putFour(g.first + 8u * g.step, g.step, c);
  putFour(g.first + 12u * g.step, g.step, d);
}

/** Whether this pass is the transform's last: it multiplies by the factor. */
override LAST: bool;

// A pass of the inverse transform; the first of two leaves signed words.
// A row is found by its place in the table: out, input, p, twiddle factors, factor·N^−1 (both times 2^32, centred); without
// an input the first pass sums products instead, as shaders/sum.wgsl reads them behind.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = launch[group.y];
  let out = launch[row];
  let input = launch[row + select(1u, 0u, SECOND)];
  let p = i32(launch[row + 2u]);
  let twiddles = launch[row + 3u];
  for (var i = lane; i < (1u << LOG_TILE); i += THREADS) {
    let at = placeInLimb(group.x, i);
    if input == NONE {
      tile[place(i)] = centred(summed(row + 5u, at, p), p);
    } else {
      // Canonical words before the first pass, signed ones before the second.
      tile[place(i)] = centred(i32(load(input, at)), p);
    }
  }
  workgroupBarrier();
  let busy = lane < (1u << (LOG_TILE - 4u));
  if STAGES > 8u {
    if busy { inverse(group.x, lane, ROUND_3, 8u - ROUND_3, twiddles, p); }
    workgroupBarrier();
  }
  if STAGES > 4u {
    if busy { inverse(group.x, lane, ROUND_2, 4u - ROUND_2, twiddles, p); }
    workgroupBarrier();
  }
  if busy { inverse(group.x, lane, 0u, 0u, twiddles, p); }
  workgroupBarrier();
  for (var i = lane; i < (1u << LOG_TILE); i += THREADS) {
    let x = tile[place(i)];
    if LAST {
      store(out, placeInLimb(group.x, i), canonical(product(x, i32(launch[row + 4u]), p), p));
    } else {
      store(out, placeInLimb(group.x, i), u32(x));
    }
  }
}
