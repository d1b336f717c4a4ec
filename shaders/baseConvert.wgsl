//#include memory.wgsl
//#include modular.wgsl

// One target of a base conversion: out = (Σ x_i·constants_i + v·quotientConstant)·2^−32 with
// v = ⌊(Σ ⌊x_i·fractions_i/2^32⌋ + 2^23)/2^24⌋. A row is found by its place in the table: output, prime,
// quotientConstant, number of sources; then for each source its limb, its fraction word and its constant, centred.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = launch[group.y];
  let p = i32(launch[row + 1u]);
  let sources = row + 4u;
  let end = sources + 3u * launch[row + 3u];
  for (var i = group.x * STRIP + lane; i < (group.x + 1u) * STRIP; i += THREADS) {
    var quotient = 1u << 23u;
    var sum = 0;
    for (var source = sources; source < end; source += 3u) {
      // A residue of another prime, which may be the larger one: `product` takes any word below 1.75·2^30.
      let x = load(launch[source], i);
      quotient += highWord(x, launch[source + 1u]);
      sum = towardsZero(sum + product(i32(x), i32(launch[source + 2u]), p), p);
    }
    let correction = product(i32(quotient >> 24u), i32(launch[row + 2u]), p);
    store(launch[row], i, canonical(towardsZero(sum + correction, p), p));
  }
}
