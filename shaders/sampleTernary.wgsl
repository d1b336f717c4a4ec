//#include memory.wgsl
//#include modular.wgsl
//#include chacha.wgsl

fn storeFour(out: u32, first: u32, words: vec4u) {
  for (var j = 0u; j < 4u; j++) {
    store(out, first + j, highWord(words[j], 3u) - 1u);
  }
}

// out = ⌊3·w/2^32⌋ − 1 as signed words, for the words w of the key stream. Row: out, seed.
@compute @workgroup_size(BLOCKS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 12u;
  let out = launch[row];
  let block = group.x * BLOCKS + lane;
  let s = keyStream(row + 1u, block);
  storeFour(out, 16u * block, s.a);
  storeFour(out, 16u * block + 4u, s.b);
  storeFour(out, 16u * block + 8u, s.c);
  storeFour(out, 16u * block + 12u, s.d);
}
