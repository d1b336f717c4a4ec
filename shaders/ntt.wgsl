//#include memory.wgsl
//#include modular.wgsl
//#include tile.wgsl
//#include convert.wgsl
//#include sum.wgsl

/** Cooley and Tukey's butterflies, lazily reduced: elements are signed words in (−2p, 2p) throughout. */
fn butterflies(x: Pairs, f: Factors, p: u32) -> Pairs {
  let p2 = vec4u(2u * p);
  let u = above(x.u, p2);
  let v = shoup4(x.v, f.w, f.q0, f.q1, vec4u(p));
  return Pairs(u + v - p2, u - v);
}

/** Four stages, the first of which has twiddle factor w, but the first `skipped`. */
fn forward(x: Elements, w: u32, skipped: u32, table: u32, p: u32) -> Elements {
  var a = x.a;
  var b = x.b;
  var c = x.c;
  var d = x.d;
  if skipped < 1u {
    let t = one(table, w);
    let ac = butterflies(Pairs(a, c), t, p);
    let bd = butterflies(Pairs(b, d), t, p);
    a = ac.u; b = bd.u; c = ac.v; d = bd.v;
  }
  if skipped < 2u {
    let t = oneAndOne(table, 2u * w);
    let ab = butterflies(Pairs(a, b), t.even, p);
    let cd = butterflies(Pairs(c, d), t.odd, p);
    a = ab.u; b = ab.v; c = cd.u; d = cd.v;
  }
  if skipped < 3u {
    let ab = butterflies(Pairs(vec4u(a.xy, b.xy), vec4u(a.zw, b.zw)), two(table, 4u * w), p);
    let cd = butterflies(Pairs(vec4u(c.xy, d.xy), vec4u(c.zw, d.zw)), two(table, 4u * w + 2u), p);
    a = vec4u(ab.u.xy, ab.v.xy); b = vec4u(ab.u.zw, ab.v.zw);
    c = vec4u(cd.u.xy, cd.v.xy); d = vec4u(cd.u.zw, cd.v.zw);
  }
  let ab = butterflies(Pairs(vec4u(a.xz, b.xz), vec4u(a.yw, b.yw)), four(table, 8u * w), p);
  let cd = butterflies(Pairs(vec4u(c.xz, d.xz), vec4u(c.yw, d.yw)), four(table, 8u * w + 4u), p);
  return Elements(
    vec4u(ab.u.x, ab.v.x, ab.u.y, ab.v.y),
    vec4u(ab.u.z, ab.v.z, ab.u.w, ab.v.w),
    vec4u(cd.u.x, cd.v.x, cd.u.y, cd.v.y),
    vec4u(cd.u.z, cd.v.z, cd.u.w, cd.v.w),
  );
}

fn reversed(i: vec4u) -> vec4u {
  return reverseBits(i) >> vec4u(32u - LOG_N);
}

// A pass of the forward transform, with what comes before and after it. A row is found by its place in the table:
//   0 work: where the first of two passes leaves signed words in (−2p, 2p)
//   1 input, unless there are sources of a base conversion
//   2 p   3 where the twiddle factors begin
//   4 out
//   5 a, 6 factor (times 2^32, centred): where there is an a, out = (a − x)·factor
//   7 the inverse of a Galois element, where the result is permuted as well, or 0
//   8 or, instead of an a, where in the row a sum of products begins, as shaders/sum.wgsl reads it, or 0
//   9 and on: the conversion, as shaders/convert.wgsl reads it
@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = launch[group.y];
  let prime = launch[row + 2u];
  let p = i32(prime);
  let table = launch[row + 3u];
  let first = sixteenOf(group.x, lane, 0u);
  var x: Elements;
  if !SECOND && launch[row + 9u] > 0u {
    // In a loop, not four times: an invocation takes back what it put.
    for (var m = 0u; m < 16u; m += 4u) {
      putFour(first, m, converted(row + 9u, fourOf(first, m), p));
    }
    x = take(first);
  } else {
    x = loadSixteen(launch[row + select(1u, 0u, SECOND)], first);
  }
  put(first, forward(x, first.twiddle, 0u, table, prime));
  workgroupBarrier();
  if STAGES > 8u {
    let middle = sixteenOf(group.x, lane, 4u);
    put(middle, forward(take(middle), middle.twiddle, 0u, table, prime));
    workgroupBarrier();
  }
  let last = sixteenOf(group.x, lane, LAST_ROUND);
  x = forward(take(last), last.twiddle, SKIPPED, table, prime);
  if COLUMNS {
    storeSixteen(launch[row], last, x);
    return;
  }
  put(last, x);
  workgroupBarrier();
  let out = launch[row + 4u];
  let a = launch[row + 5u];
  let factor = vec4i(i32(launch[row + 6u]));
  let galois = launch[row + 7u];
  let sum = launch[row + 8u];
  let moved = inOrder(group.x, lane);
  for (var m = 0u; m < 16u; m += 4u) {
    let at = fourOf(moved, m);
    let x = takeFour(moved, m);
    let half = min(x, x + 2u * prime);
    var value = min(half, half - prime);
    if sum > 0u {
      value = canonical(product(vec4i(summed(row + sum, at, p)) - vec4i(value), factor, p), p);
    } else if a != NONE {
      value = canonical(product(vec4i(loadFour(a, at)) - vec4i(value), factor, p), p);
    }
    if galois > 0u {
      // Value i of the operand becomes the value that has it in shaders/permute.wgsl.
      let exponent = galois * (2u * reversed(at) + 1u);
      storeFour(out, reversed((exponent >> vec4u(1u)) & vec4u((1u << LOG_N) - 1u)), value);
    } else {
      storeFour(out, at, value);
    }
  }
}
