//#include memory.wgsl
//#include chacha.wgsl

/** Words of a row: out, seed, number of thresholds, and each threshold's upper 32 and lower 21 bits. */
override ROW: u32;

/** Every comparison is made, so that neither time nor access depends on the value. */
fn gaussian(high: u32, low: u32, row: u32) -> u32 {
  let count = launch[row + 12u];
  let fraction = low >> 11u;
  var magnitude = 0u;
  for (var t = 0u; t < count; t++) {
    let h = launch[row + 13u + 2u * t];
    let l = launch[row + 14u + 2u * t];
    magnitude += u32(high > h) | (u32(high == h) & u32(fraction >= l));
  }
  let sign = 0u - (low & 1u);
  return (magnitude ^ sign) - sign;
}

// out = the rounded Gaussian of each pair of words of the key stream, as signed words.
@compute @workgroup_size(BLOCKS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * ROW;
  let out = launch[row];
  let block = group.x * BLOCKS + lane;
  let s = keyStream(row + 1u, block);
  let first = 8u * block;
  store(out, first, gaussian(s.a.x, s.a.y, row));
  store(out, first + 1u, gaussian(s.a.z, s.a.w, row));
  store(out, first + 2u, gaussian(s.b.x, s.b.y, row));
  store(out, first + 3u, gaussian(s.b.z, s.b.w, row));
  store(out, first + 4u, gaussian(s.c.x, s.c.y, row));
  store(out, first + 5u, gaussian(s.c.z, s.c.w, row));
  store(out, first + 6u, gaussian(s.d.x, s.d.y, row));
  store(out, first + 7u, gaussian(s.d.z, s.d.w, row));
}
