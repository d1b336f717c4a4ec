// Where limbs are. Every kernel binds the same buffers: the launch's table, read-only, and the slabs that hold all limbs
// and tables. A buffer may not be readable and writable in one dispatch, so operands are not bound but named: a limb is
// the number of its slab (upper 12 bits) and of its first block of 2^10 words there.

/** Slabs that the device may use: with one, the compiler drops the switch. */
override SLABS: u32 = 4u;

@group(0) @binding(0) var<storage, read> launch: array<u32>;
@group(0) @binding(1) var<storage, read_write> slab0: array<u32>;
@group(0) @binding(2) var<storage, read_write> slab1: array<u32>;
@group(0) @binding(3) var<storage, read_write> slab2: array<u32>;
@group(0) @binding(4) var<storage, read_write> slab3: array<u32>;

fn slabOf(limb: u32) -> u32 {
  return select(limb >> 20u, 0u, SLABS == 1u);
}

/** Where a limb's first word is in its slab. */
fn firstWordOf(limb: u32) -> u32 {
  return (limb & 0xfffffu) << 10u;
}

fn load(limb: u32, i: u32) -> u32 {
  let at = firstWordOf(limb) + i;
  switch slabOf(limb) {
    case 1u: { return slab1[at]; }
    case 2u: { return slab2[at]; }
    case 3u: { return slab3[at]; }
    default: { return slab0[at]; }
  }
}

fn store(limb: u32, i: u32, word: u32) {
  let at = firstWordOf(limb) + i;
  switch slabOf(limb) {
    case 1u: { slab1[at] = word; }
    case 2u: { slab2[at] = word; }
    case 3u: { slab3[at] = word; }
    default: { slab0[at] = word; }
  }
}

/** One choice of a slab for all four: with one for each, SwiftShader takes more than a minute to compile `tensor`. */
fn loadFour(limb: u32, i: vec4u) -> vec4u {
  let at = firstWordOf(limb) + i;
  switch slabOf(limb) {
    case 1u: { return vec4u(slab1[at.x], slab1[at.y], slab1[at.z], slab1[at.w]); }
    case 2u: { return vec4u(slab2[at.x], slab2[at.y], slab2[at.z], slab2[at.w]); }
    case 3u: { return vec4u(slab3[at.x], slab3[at.y], slab3[at.z], slab3[at.w]); }
    default: { return vec4u(slab0[at.x], slab0[at.y], slab0[at.z], slab0[at.w]); }
  }
}

fn storeFour(limb: u32, i: vec4u, words: vec4u) {
  let at = firstWordOf(limb) + i;
  switch slabOf(limb) {
    case 1u: { slab1[at.x] = words.x; slab1[at.y] = words.y; slab1[at.z] = words.z; slab1[at.w] = words.w; }
    case 2u: { slab2[at.x] = words.x; slab2[at.y] = words.y; slab2[at.z] = words.z; slab2[at.w] = words.w; }
    case 3u: { slab3[at.x] = words.x; slab3[at.y] = words.y; slab3[at.z] = words.z; slab3[at.w] = words.w; }
    default: { slab0[at.x] = words.x; slab0[at.y] = words.y; slab0[at.z] = words.z; slab0[at.w] = words.w; }
  }
}

/** Pointwise kernels: a workgroup of 256 takes 2^10 coefficients of one row, its row is workgroup_id.y. */
const THREADS = 256u;

/** An invocation's four of them: neighbours take neighbours. */
fn fourOfStrip(group: u32, lane: u32) -> vec4u {
  return 4u * THREADS * group + lane + vec4u(0u, THREADS, 2u * THREADS, 3u * THREADS);
}
