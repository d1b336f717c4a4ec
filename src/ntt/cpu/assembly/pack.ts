// Residues of 18 to 30 bits one after the other, lowest bit first: eight residues take as many bytes as one takes bits.

/** Two residues at a time go into a word of 64 bits, which is stored when it is full. */
export function pack(out: usize, a: usize, bytes: usize, residueBits: u32): void {
  const bits = <u64>residueBits;
  const end = out + bytes;
  const pairBits = bits << 1;
  let word: u64 = 0;
  let filled: u64 = 0;
  for (let o: usize = 0; o < bytes; o += 8) {
    const two = load<u64>(a + o);
    const pair = (two & 0xffffffff) | ((two >> 32) << bits);
    word |= pair << filled;
    filled += pairBits;
    if (filled >= 64) {
      store<u64>(out, word);
      out += 8;
      filled -= 64;
      word = pair >> (pairBits - filled);
    }
  }
  // A multiple of 64 residues: the last word was full.
  memory.fill(out, 0, end - out);
}

/** What a residue begins in, and the four bytes behind it: at most seven bits stand before it. The last one reads behind the packed words, inside the limb. */
export function unpack(out: usize, packed: usize, bytes: usize, bits: u32): void {
  const mask = (<u64>1 << bits) - 1;
  let bit: u32 = 0;
  for (let o: usize = 0; o < bytes; o += 4) {
    store<u32>(out + o, <u32>((load<u64>(packed + (bit >> 3)) >> (bit & 7)) & mask));
    bit += bits;
  }
}
