//#include memory.wgsl
//#include modular.wgsl
//#include tile.wgsl
//#include sum.wgsl

/** Gentleman and Sande's butterflies, lazily reduced: elements are in [0, 2p) throughout. */
fn butterflies(x: Pairs, f: Factors, p: u32) -> Pairs {
  let p2 = vec4u(2u * p);
  return Pairs(below(x.u + x.v, p2), below(shoup4(x.u - x.v + p2, f.w, f.q, vec4u(p)), p2));
}

/** Four stages on sixteen elements, but the last `skipped`. */
fn inverse(number: u32, lane: u32, done: u32, skipped: u32, twiddles: Tables, p: u32) {
  let g = sixteenOf(number, lane, done);
  let w = g.twiddle;
  var a = takeFour(g.first, g.step);
  var b = takeFour(g.first + 4u * g.step, g.step);
  var c = takeFour(g.first + 8u * g.step, g.step);
  var d = takeFour(g.first + 12u * g.step, g.step);
  let ab = butterflies(Pairs(vec4u(a.xz, b.xz), vec4u(a.yw, b.yw)), four(twiddles, 8u * w), p);
  let cd = butterflies(Pairs(vec4u(c.xz, d.xz), vec4u(c.yw, d.yw)), four(twiddles, 8u * w + 4u), p);
  a = vec4u(ab.u.x, ab.v.x, ab.u.y, ab.v.y);
  b = vec4u(ab.u.z, ab.v.z, ab.u.w, ab.v.w);
  c = vec4u(cd.u.x, cd.v.x, cd.u.y, cd.v.y);
  d = vec4u(cd.u.z, cd.v.z, cd.u.w, cd.v.w);
  if skipped < 3u {
    let ab = butterflies(Pairs(vec4u(a.xy, b.xy), vec4u(a.zw, b.zw)), two(twiddles, 4u * w), p);
    let cd = butterflies(Pairs(vec4u(c.xy, d.xy), vec4u(c.zw, d.zw)), two(twiddles, 4u * w + 2u), p);
    a = vec4u(ab.u.xy, ab.v.xy); b = vec4u(ab.u.zw, ab.v.zw);
    c = vec4u(cd.u.xy, cd.v.xy); d = vec4u(cd.u.zw, cd.v.zw);
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

// A pass of the inverse transform; the first of two leaves words below 2p.
// A row is found by its place in the table: out, input, p, twiddle factors, their quotients, factor·N^−1 (times 2^32,
// centred); without an input the first pass sums products instead, as shaders/sum.wgsl reads them behind.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = launch[group.y];
  let out = launch[row];
  let input = launch[row + select(1u, 0u, SECOND)];
  let prime = launch[row + 2u];
  let p = i32(prime);
  let twiddles = Tables(launch[row + 3u], launch[row + 4u]);
  for (var i = lane; i < (1u << LOG_TILE); i += THREADS) {
    let at = placeInLimb(group.x, i);
    if input == NONE {
      tile[place(i)] = canonical(summed(row + 6u, at, p), p);
    } else {
      tile[place(i)] = load(input, at);
    }
  }
  workgroupBarrier();
  let busy = lane < (1u << (LOG_TILE - 4u));
  if STAGES > 8u {
    if busy { inverse(group.x, lane, ROUND_3, 8u - ROUND_3, twiddles, prime); }
    workgroupBarrier();
  }
  if STAGES > 4u {
    if busy { inverse(group.x, lane, ROUND_2, 4u - ROUND_2, twiddles, prime); }
    workgroupBarrier();
  }
  if busy { inverse(group.x, lane, 0u, 0u, twiddles, prime); }
  workgroupBarrier();
  for (var i = lane; i < (1u << LOG_TILE); i += THREADS) {
    let x = tile[place(i)];
    if LAST {
      let canonicalX = i32(min(x, x - prime));
      store(out, placeInLimb(group.x, i), canonical(product(canonicalX, i32(launch[row + 5u]), p), p));
    } else {
      store(out, placeInLimb(group.x, i), x);
    }
  }
}
