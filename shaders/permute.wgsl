//#include memory.wgsl

override LOG_N: u32;

fn reversed(i: vec4u) -> vec4u {
  return reverseBits(i) >> vec4u(32u - LOG_N);
}

// out = a under X → X^galois, on NTT values. Value j is the polynomial at root^(2·rev(j) + 1): indices need no table.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 3u;
  let out = launch[row];
  let a = launch[row + 1u];
  let galois = launch[row + 2u];
  let i = fourOfStrip(group.x, lane);
  let exponent = galois * (2u * reversed(i) + 1u); // modulo 2N by the mask below
  storeFour(out, i, loadFour(a, reversed((exponent >> vec4u(1u)) & vec4u((1u << LOG_N) - 1u))));
}
