//#include memory.wgsl

// A word of residues of so many bits that lie one after the other, lowest bit first.
fn packed(a: u32, bits: u32, word: u32) -> u32 {
  let begin = 32u * word;
  var packed = 0u;
  for (var i = begin / bits; bits * i < begin + 32u; i++) {
    let residue = load(a, i);
    let bit = bits * i;
    packed |= select(residue >> ((begin - bit) & 31u), residue << ((bit - begin) & 31u), bit >= begin);
  }
  return packed;
}

// Row: out, a, bits, packed words. The words of `out` behind those become 0.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 4u;
  let out = launch[row];
  let a = launch[row + 1u];
  let bits = launch[row + 2u];
  let count = launch[row + 3u];
  let at = fourOfStrip(group.x, lane);
  for (var k = 0u; k < 4u; k++) {
    var word = 0u;
    if (at[k] < count) {
      word = packed(a, bits, at[k]);
    }
    store(out, at[k], word);
  }
}
