//#include memory.wgsl
//#include modular.wgsl

// out_o = Σ_i x_i·f_io·2^−32, four outputs at a time. A row is found by its place in the table: numbers of outputs and of
// inputs, prime, outputs, and for each input its limb and a factor (centred) for each output.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = launch[group.y];
  let outputs = launch[row];
  let inputs = launch[row + 1u];
  let p = i32(launch[row + 2u]);
  let pitch = 1u + outputs;
  let terms = row + 3u + outputs;
  let end = terms + pitch * inputs;
  let i = fourOfStrip(group.x, lane);
  for (var o = 0u; o < outputs; o += 4u) {
    // Where there are fewer than four, the last one is computed again.
    let last = outputs - 1u;
    let place = min(vec4u(o, o + 1u, o + 2u, o + 3u), vec4u(last));
    var sum0 = vec4u(0u);
    var sum1 = vec4u(0u);
    var sum2 = vec4u(0u);
    var sum3 = vec4u(0u);
    for (var term = terms; term < end; term += pitch) {
      let x = vec4i(loadFour(launch[term], i));
      let factors = term + 1u + place;
      sum0 = plus(sum0, product(x, vec4i(i32(launch[factors.x])), p), p);
      sum1 = plus(sum1, product(x, vec4i(i32(launch[factors.y])), p), p);
      sum2 = plus(sum2, product(x, vec4i(i32(launch[factors.z])), p), p);
      sum3 = plus(sum3, product(x, vec4i(i32(launch[factors.w])), p), p);
    }
    let outs = row + 3u + place;
    storeFour(launch[outs.x], i, total(sum0, p));
    storeFour(launch[outs.y], i, total(sum1, p));
    storeFour(launch[outs.z], i, total(sum2, p));
    storeFour(launch[outs.w], i, total(sum3, p));
  }
}
