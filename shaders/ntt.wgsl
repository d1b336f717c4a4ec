//#include memory.wgsl
//#include modular.wgsl
//#include tile.wgsl
//#include convert.wgsl
//#include sum.wgsl

/** Cooley and Tukey's butterflies. Elements are in (−1.72p, 1.72p) throughout. */
fn butterflies(x: Pairs, w: vec4i, p: i32) -> Pairs {
  let u = select(x.u + p, x.u - p, x.u >= vec4i(0)); // at most p, and the product at most 0.72p
  let v = product4(x.v, w, p);
  return Pairs(u + v, u - v);
}

/** Four stages on sixteen elements, but the first `skipped`. */
fn forward(number: u32, lane: u32, done: u32, skipped: u32, twiddles: u32, p: i32) {
  let g = sixteenOf(number, lane, done);
  let w = g.twiddle;
  var a = takeFour(g.first, g.step);
  var b = takeFour(g.first + 4u * g.step, g.step);
  var c = takeFour(g.first + 8u * g.step, g.step);
  var d = takeFour(g.first + 12u * g.step, g.step);
  if skipped < 1u {
    let t = one(twiddles, w);
    let ac = butterflies(Pairs(a, c), t, p);
    let bd = butterflies(Pairs(b, d), t, p);
    a = ac.u; b = bd.u; c = ac.v; d = bd.v;
  }
  if skipped < 2u {
    let ab = butterflies(Pairs(a, b), one(twiddles, 2u * w), p);
    let cd = butterflies(Pairs(c, d), one(twiddles, 2u * w + 1u), p);
    a = ab.u; b = ab.v; c = cd.u; d = cd.v;
  }
  if skipped < 3u {
    let ab = butterflies(Pairs(vec4i(a.xy, b.xy), vec4i(a.zw, b.zw)), two(twiddles, 4u * w), p);
    let cd = butterflies(Pairs(vec4i(c.xy, d.xy), vec4i(c.zw, d.zw)), two(twiddles, 4u * w + 2u), p);
    a = vec4i(ab.u.xy, ab.v.xy); b = vec4i(ab.u.zw, ab.v.zw);
    c = vec4i(cd.u.xy, cd.v.xy); d = vec4i(cd.u.zw, cd.v.zw);
  }
  let ab = butterflies(Pairs(vec4i(a.xz, b.xz), vec4i(a.yw, b.yw)), four(twiddles, 8u * w), p);
  let cd = butterflies(Pairs(vec4i(c.xz, d.xz), vec4i(c.yw, d.yw)), four(twiddles, 8u * w + 4u), p);
  putFour(g.first, g.step, vec4i(ab.u.x, ab.v.x, ab.u.y, ab.v.y));
  putFour(g.first + 4u * g.step, g.step, vec4i(ab.u.z, ab.v.z, ab.u.w, ab.v.w));
  putFour(g.first + 8u * g.step, g.step, vec4i(cd.u.x, cd.v.x, cd.u.y, cd.v.y));
  putFour(g.first + 12u * g.step, g.step, vec4i(cd.u.z, cd.v.z, cd.u.w, cd.v.w));
}

fn reversed(i: u32) -> u32 {
  return reverseBits(i) >> (32u - LOG_N);
}

// A pass of the forward transform, with what comes before and after it. A row is found by its place in the table:
//   0 work: where the first of two passes leaves signed words
//   1 input, unless there are sources of a base conversion
//   2 p   3 twiddle factors (times 2^32, centred)
//   4 out
//   5 a, 6 factor: where there is an a, out = (a − x)·factor
//   7 the inverse of a Galois element, where the result is permuted as well, or 0
//   8 or, instead of an a, where in the row a sum of products begins, as shaders/sum.wgsl reads it, or 0
//   9 and on: the conversion, as shaders/convert.wgsl reads it
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = launch[group.y];
  let p = i32(launch[row + 2u]);
  let twiddles = launch[row + 3u];
  let converts = !SECOND && launch[row + 10u] > 0u;
  let input = launch[row + select(1u, 0u, SECOND)];
  for (var i = lane; i < (1u << LOG_TILE); i += THREADS) {
    let at = placeInLimb(group.x, i);
    if converts {
      tile[place(i)] = converted(row + 9u, at, p);
    } else {
      tile[place(i)] = i32(load(input, at));
    }
  }
  workgroupBarrier();
  let busy = lane < (1u << (LOG_TILE - 4u));
  if busy { forward(group.x, lane, 0u, 0u, twiddles, p); }
  workgroupBarrier();
  if STAGES > 4u {
    if busy { forward(group.x, lane, ROUND_2, 4u - ROUND_2, twiddles, p); }
    workgroupBarrier();
  }
  if STAGES > 8u {
    if busy { forward(group.x, lane, ROUND_3, 8u - ROUND_3, twiddles, p); }
    workgroupBarrier();
  }
  let out = launch[row + 4u];
  let a = launch[row + 5u];
  let factor = i32(launch[row + 6u]);
  let galois = launch[row + 7u];
  let sum = launch[row + 8u];
  for (var i = lane; i < (1u << LOG_TILE); i += THREADS) {
    let at = placeInLimb(group.x, i);
    let x = tile[place(i)];
    if COLUMNS {
      store(launch[row], at, u32(x));
      continue;
    }
    var value = canonical(towardsZero(x, p), p);
    if sum > 0u {
      value = canonical(product(i32(canonical(summed(row + sum, at, p), p)) - i32(value), factor, p), p);
    } else if a != NONE {
      value = canonical(product(i32(load(a, at)) - i32(value), factor, p), p);
    }
    // Value i of the operand becomes the value that has it in shaders/permute.wgsl.
    let exponent = galois * (2u * reversed(at) + 1u);
    store(out, select(at, reversed((exponent >> 1u) & ((1u << LOG_N) - 1u)), galois > 0u), value);
  }
}
