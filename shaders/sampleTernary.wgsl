//#include memory.wgsl
//#include modular.wgsl
//#include chacha.wgsl

fn ternary(words: vec4u) -> vec4u {
  return highWord(words, 3u) - 1u;
}

// out = ⌊3·w/2^32⌋ − 1 as signed words, for the words w of the key stream. Row: out, seed.
@compute @workgroup_size(BLOCKS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 12u;
  let out = launch[row];
  let block = group.x * BLOCKS + lane;
  let s = keyStream(row + 1u, block);
  let first = 16u * block + vec4u(0u, 1u, 2u, 3u);
  storeFour(out, first, ternary(s.a));
  storeFour(out, first + 4u, ternary(s.b));
  storeFour(out, first + 8u, ternary(s.c));
  storeFour(out, first + 12u, ternary(s.d));
}
