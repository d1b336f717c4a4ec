//#include memory.wgsl
//#include modular.wgsl
//#include tile.wgsl
//#include sum.wgsl

/** Gentleman and Sande's butterflies, lazily reduced: elements are in [0, 2p) throughout. */
fn butterflies(x: Pairs, f: Factors, p: u32) -> Pairs {
  return Pairs(below(x.u + x.v, vec4u(2u * p)), shoup4(x.u - x.v, f.w, f.q0, f.q1, vec4u(p)));
}

/** Four stages, the last of which has twiddle factor w, but the last `skipped`. */
fn inverse(x: Elements, w: u32, skipped: u32, table: u32, p: u32) -> Elements {
  let ab = butterflies(Pairs(vec4u(x.a.xz, x.b.xz), vec4u(x.a.yw, x.b.yw)), four(table, 8u * w), p);
  let cd = butterflies(Pairs(vec4u(x.c.xz, x.d.xz), vec4u(x.c.yw, x.d.yw)), four(table, 8u * w + 4u), p);
  var a = vec4u(ab.u.x, ab.v.x, ab.u.y, ab.v.y);
  var b = vec4u(ab.u.z, ab.v.z, ab.u.w, ab.v.w);
  var c = vec4u(cd.u.x, cd.v.x, cd.u.y, cd.v.y);
  var d = vec4u(cd.u.z, cd.v.z, cd.u.w, cd.v.w);
  if skipped < 3u {
    let ab = butterflies(Pairs(vec4u(a.xy, b.xy), vec4u(a.zw, b.zw)), two(table, 4u * w), p);
    let cd = butterflies(Pairs(vec4u(c.xy, d.xy), vec4u(c.zw, d.zw)), two(table, 4u * w + 2u), p);
    a = vec4u(ab.u.xy, ab.v.xy); b = vec4u(ab.u.zw, ab.v.zw);
    c = vec4u(cd.u.xy, cd.v.xy); d = vec4u(cd.u.zw, cd.v.zw);
  }
  if skipped < 2u {
    let t = oneAndOne(table, 2u * w);
    let ab = butterflies(Pairs(a, b), t.even, p);
    let cd = butterflies(Pairs(c, d), t.odd, p);
    a = ab.u; b = ab.v; c = cd.u; d = cd.v;
  }
  if skipped < 1u {
    let t = one(table, w);
    let ac = butterflies(Pairs(a, c), t, p);
    let bd = butterflies(Pairs(b, d), t, p);
    a = ac.u; b = bd.u; c = ac.v; d = bd.v;
  }
  return Elements(a, b, c, d);
}

/** Whether this pass is the transform's last: it multiplies by the factor. */
override LAST: bool;

// A pass of the inverse transform; the first of two leaves words below 2p.
// A row is found by its place in the table: out, input, p, where the twiddle factors begin, factor·N^−1 (times 2^32,
// centred); without an input the first pass sums products instead, as shaders/sum.wgsl reads them behind.
@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = launch[group.y];
  let out = launch[row];
  let input = launch[row + select(1u, 0u, SECOND)];
  let prime = launch[row + 2u];
  let p = i32(prime);
  let table = launch[row + 3u];
  let last = sixteenOf(group.x, lane, LAST_ROUND);
  var x: Elements;
  if COLUMNS {
    x = loadSixteen(input, last);
  } else {
    let moved = inOrder(group.x, lane);
    for (var m = 0u; m < 16u; m += 4u) {
      let at = fourOf(moved, m);
      if input == NONE {
        putFour(moved, m, summed(row + 5u, at, p));
      } else {
        putFour(moved, m, loadFour(input, at));
      }
    }
    workgroupBarrier();
    x = take(last);
  }
  put(last, inverse(x, last.twiddle, SKIPPED, table, prime));
  workgroupBarrier();
  if STAGES > 8u {
    let middle = sixteenOf(group.x, lane, 4u);
    put(middle, inverse(take(middle), middle.twiddle, 0u, table, prime));
    workgroupBarrier();
  }
  let first = sixteenOf(group.x, lane, 0u);
  x = inverse(take(first), first.twiddle, 0u, table, prime);
  if LAST {
    let factor = i32(launch[row + 4u]);
    x = Elements(
      scaled(x.a, factor, prime),
      scaled(x.b, factor, prime),
      scaled(x.c, factor, prime),
      scaled(x.d, factor, prime),
    );
  }
  storeSixteen(out, first, x);
}

/** Products of words below 2p, canonical. */
fn scaled(x: vec4u, factor: i32, prime: u32) -> vec4u {
  let p = i32(prime);
  return canonical(product(vec4i(below(x, vec4u(prime))), vec4i(factor), p), p);
}
