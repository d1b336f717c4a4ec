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

fn load(limb: u32, i: u32) -> u32 {
  let at = ((limb & 0xfffffu) << 10u) + i;
  switch slabOf(limb) {
    case 1u: { return slab1[at]; }
    case 2u: { return slab2[at]; }
    case 3u: { return slab3[at]; }
    default: { return slab0[at]; }
  }
}

fn store(limb: u32, i: u32, word: u32) {
  let at = ((limb & 0xfffffu) << 10u) + i;
  switch slabOf(limb) {
    case 1u: { slab1[at] = word; }
    case 2u: { slab2[at] = word; }
    case 3u: { slab3[at] = word; }
    default: { slab0[at] = word; }
  }
}

/** Pointwise kernels: a workgroup of 256 takes 2^10 coefficients of one row, its row is workgroup_id.y. */
const THREADS = 256u;
const STRIP = 1024u;
