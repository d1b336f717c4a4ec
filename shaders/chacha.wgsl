// ChaCha20 (RFC 8439), one block of 64 bytes for each invocation, its state in four rows of four words.

struct Block { a: vec4u, b: vec4u, c: vec4u, d: vec4u }

fn rotated(x: vec4u, bits: u32) -> vec4u {
  return (x << vec4u(bits)) | (x >> vec4u(32u - bits));
}

/** Four quarter rounds at once, one in each column. */
fn columnRound(s: Block) -> Block {
  var r = s;
  r.a += r.b;
  r.d = rotated(r.d ^ r.a, 16u);
  r.c += r.d;
  r.b = rotated(r.b ^ r.c, 12u);
  r.a += r.b;
  r.d = rotated(r.d ^ r.a, 8u);
  r.c += r.d;
  r.b = rotated(r.b ^ r.c, 7u);
  return r;
}

/** Block number `counter` of the key stream whose seed, eight key words and three nonce words, is at `seed` in the table. */
fn keyStream(seed: u32, counter: u32) -> Block {
  var start: Block;
  start.a = vec4u(0x61707865u, 0x3320646eu, 0x79622d32u, 0x6b206574u);
  start.b = vec4u(launch[seed], launch[seed + 1u], launch[seed + 2u], launch[seed + 3u]);
  start.c = vec4u(launch[seed + 4u], launch[seed + 5u], launch[seed + 6u], launch[seed + 7u]);
  start.d = vec4u(counter, launch[seed + 8u], launch[seed + 9u], launch[seed + 10u]);
  var s = start;
  for (var round = 0; round < 10; round++) {
    s = columnRound(s);
    // The diagonals become columns, and go back.
    s = columnRound(Block(s.a, s.b.yzwx, s.c.zwxy, s.d.wxyz));
    s = Block(s.a, s.b.wxyz, s.c.zwxy, s.d.yzwx);
  }
  return Block(s.a + start.a, s.b + start.b, s.c + start.c, s.d + start.d);
}

/** Blocks that a workgroup makes. */
const BLOCKS = 64u;
