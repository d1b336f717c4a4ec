//#include modular.wgsl
// Not a kernel of the device: what the bench compares to choose between two products by constants. Each invocation does
// ROUNDS rounds of four forward butterflies in registers. Transforms use Shoup's.

/** Whether products are Shoup's, else K-RED. */
override SHOUP: bool;
override ROUNDS: u32;

@group(0) @binding(0) var<storage, read_write> data: array<vec4u>;
/** A factor and its quotient: of K-RED the centred factor times 2^32 and nothing, of Shoup as in the tables. */
@group(0) @binding(1) var<storage, read> factors: array<vec2u>;

/** One step towards zero: from (−2p, 2p) into [−p, p). */
fn nearer(x: vec4i, p: i32) -> vec4i {
  return select(x + p, x - p, x >= vec4i(0));
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let prime = factors[0].x;
  let count = factors[0].y;
  let a = data[2u * id.x];
  let b = data[2u * id.x + 1u];
  if SHOUP {
    let p = vec4u(prime);
    let p2 = p + p;
    var u = a;
    var v = b;
    for (var round = 0u; round < ROUNDS; round++) {
      let w = factors[1u + ((round + id.x) % count)];
      let q = vec4i(i32(w.y));
      let x = above(u, p2);
      let y = shoup4(v, vec4u(w.x), low16(q), q >> vec4u(16u), p);
      u = x + y - p2;
      v = (x - y).yzwx;
    }
    data[2u * id.x] = below(above(u, p2), p);
    data[2u * id.x + 1u] = below(above(v, p2), p);
  } else {
    let p = i32(prime);
    var u = vec4i(a);
    var v = vec4i(b);
    for (var round = 0u; round < ROUNDS; round++) {
      let w = vec4i(i32(factors[1u + ((round + id.x) % count)].x));
      let x = nearer(u, p);
      let y = product(v, w, p);
      u = x + y;
      v = (x - y).yzwx;
    }
    data[2u * id.x] = canonical(nearer(u, p), p);
    data[2u * id.x + 1u] = canonical(nearer(v, p), p);
  }
}
