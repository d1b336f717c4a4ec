//#include memory.wgsl

// out = residues of so many bits, taken from where they lie one after the other, lowest bit first.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 3u;
  let out = launch[row];
  let a = launch[row + 1u];
  let bits = launch[row + 2u];
  let i = fourOfStrip(group.x, lane);
  let bit = bits * i; // below 30·2^16
  let shift = bit & vec4u(31u);
  let at = bit >> vec4u(5u);
  let low = loadFour(a, at) >> shift;
  // Two shifts: one by 32 is none. The last word's neighbour is still in the limb.
  let high = (loadFour(a, at + 1u) << vec4u(1u)) << (31u - shift);
  storeFour(out, i, (low | high) & vec4u((1u << bits) - 1u));
}
