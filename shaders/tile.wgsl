// One pass of a transform: a workgroup takes a tile of the limb into its own memory and does STAGES of the LOG_N stages
// there. A tile holds several short transforms of 2^STAGES elements side by side: contiguous blocks of the limb (its last
// stages), or columns of it (COLUMNS, its first stages), of which neighbours lie together, so that both read whole lines.
// Between barriers an invocation does four stages on sixteen elements in registers.

override LOG_N: u32;
override STAGES: u32;
override COLUMNS: bool;
/** The second of two passes works on what the first left in `out`. */
override SECOND: bool;
/**
 * First stages of the second and the third round of four. The last one ends with the last stage: where STAGES is no
 * multiple of four it begins earlier, and skips what was done.
 */
override ROUND_2: u32 = min(4u, STAGES - 4u);
override ROUND_3: u32 = STAGES - 4u;

override LOG_TILE: u32 = min(LOG_N, 12u);
/** Of the transforms side by side in a tile. */
override LOG_SIDE: u32 = LOG_TILE - STAGES;
/** Stages of the whole transform before the first one here. */
override BEFORE: u32 = select(LOG_N - STAGES, 0u, COLUMNS);

var<workgroup> tile: array<u32, 4096>;

/** Places are exchanged so that steps of any power of two spread over the banks of the memory. */
fn place(i: u32) -> u32 {
  return i ^ ((i >> 5u) & 31u);
}

/** Where element i of tile `number` lies in the limb. */
fn placeInLimb(number: u32, i: u32) -> u32 {
  if COLUMNS {
    return ((i >> LOG_SIDE) << (LOG_N - STAGES)) + (number << LOG_SIDE) + (i & ((1u << LOG_SIDE) - 1u));
  }
  return (number << LOG_TILE) + i;
}

/** Sixteen elements of a round: `first` + m·`step` in the tile. */
struct Sixteen {
  first: u32,
  step: u32,
  /** The twiddle factor of the round's first stage; those of stage s begin at 2^s times as much. */
  twiddle: u32,
}

/** What invocation `lane` does of tile `number` in the round that begins with stage `done`. */
fn sixteenOf(number: u32, lane: u32, done: u32) -> Sixteen {
  let rest = STAGES - 4u - done;
  // Neighbouring invocations take neighbouring elements.
  let side = select(lane >> (STAGES - 4u), lane & ((1u << LOG_SIDE) - 1u), COLUMNS);
  let own = select(lane & ((1u << (STAGES - 4u)) - 1u), lane >> LOG_SIDE, COLUMNS);
  let block = own >> rest;
  let element = (block << (STAGES - done)) | (own & ((1u << rest) - 1u));
  let transform = select((number << LOG_SIDE) + side, 0u, COLUMNS);
  return Sixteen(
    select((side << STAGES) | element, (element << LOG_SIDE) | side, COLUMNS),
    1u << select(rest, rest + LOG_SIDE, COLUMNS),
    (1u << (BEFORE + done)) + (transform << done) + block,
  );
}

fn takeFour(at: u32, step: u32) -> vec4u {
  return vec4u(tile[place(at)], tile[place(at + step)], tile[place(at + 2u * step)], tile[place(at + 3u * step)]);
}

fn putFour(at: u32, step: u32, x: vec4u) {
  tile[place(at)] = x.x;
  tile[place(at + step)] = x.y;
  tile[place(at + 2u * step)] = x.z;
  tile[place(at + 3u * step)] = x.w;
}

/** Where a prime's twiddle factors lie, and their Shoup quotients. */
struct Tables { factors: u32, quotients: u32 }

/** Twiddle factors and quotients for the butterflies of four pairs: the same for all, for each two of them, one each. */
struct Factors { w: vec4u, q: vec4u }

fn one(t: Tables, at: u32) -> Factors {
  return Factors(vec4u(load(t.factors, at)), vec4u(load(t.quotients, at)));
}

fn two(t: Tables, at: u32) -> Factors {
  return Factors(
    vec4u(vec2u(load(t.factors, at)), vec2u(load(t.factors, at + 1u))),
    vec4u(vec2u(load(t.quotients, at)), vec2u(load(t.quotients, at + 1u))),
  );
}

fn four(t: Tables, at: u32) -> Factors {
  return Factors(fourOf(t.factors, at), fourOf(t.quotients, at));
}

fn fourOf(limb: u32, at: u32) -> vec4u {
  return vec4u(load(limb, at), load(limb, at + 1u), load(limb, at + 2u), load(limb, at + 3u));
}

/** Four pairs, the upper and the lower of each. */
struct Pairs { u: vec4u, v: vec4u }
