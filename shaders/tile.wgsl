// One pass of a transform: a workgroup takes a tile of the limb and does STAGES of the LOG_N stages. A tile holds several
// short transforms of 2^STAGES elements side by side: contiguous blocks of the limb (its last stages), or columns of it
// (COLUMNS, its first stages), of which neighbours lie together. An invocation does four stages on sixteen elements in
// registers, a round; between rounds elements change hands in the workgroup's memory. Only where an invocation's elements
// are neighbours in the limb do they pass through that memory to or from the limb as well, so that whole lines are moved:
// elsewhere neighbouring invocations already touch at least eight neighbouring words, a sector of memory.

override LOG_N: u32;
override STAGES: u32;
override COLUMNS: bool;
/** The second of two passes works on what the first left in `out`. */
override SECOND: bool;

override LOG_TILE: u32 = min(LOG_N, 12u);
override LANES: u32 = 1u << (LOG_TILE - 4u);
/** Of the transforms side by side in a tile. */
override LOG_SIDE: u32 = LOG_TILE - STAGES;
/** Stages of the whole transform before the first one here. */
override BEFORE: u32 = select(LOG_N - STAGES, 0u, COLUMNS);
/** First stage of the last round: where STAGES is no multiple of four, that round skips what the others did. */
override LAST_ROUND: u32 = STAGES - 4u;
override SKIPPED: u32 = select(4u, 8u, STAGES > 8u) - LAST_ROUND;

var<workgroup> tile: array<u32, 4096>;

/**
 * Places are exchanged so that the 32 neighbouring invocations of every round meet 32 banks. Linear over XOR: where i and j
 * share no bits, place(i + j) = place(i) ^ place(j), one operation where j is a constant.
 */
fn place(i: u32) -> u32 {
  return i ^ ((i >> 4u) & 31u);
}

/** Sixteen elements of a round. */
struct Sixteen {
  /** Place of the first in the tile, and the distance of neighbours before the exchange of places. */
  first: u32,
  step: u32,
  /** The same in the limb. */
  start: u32,
  stride: u32,
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
  let inTile = select((side << STAGES) | element, (element << LOG_SIDE) | side, COLUMNS);
  return Sixteen(
    place(inTile),
    1u << select(rest, rest + LOG_SIDE, COLUMNS),
    select((number << LOG_TILE) + inTile, (element << (LOG_N - STAGES)) + (number << LOG_SIDE) + side, COLUMNS),
    1u << select(rest, rest + LOG_N - STAGES, COLUMNS),
    (1u << (BEFORE + done)) + (transform << done) + block,
  );
}

/** Sixteen elements as they are moved: neighbouring invocations take neighbours in the limb. */
fn inOrder(number: u32, lane: u32) -> Sixteen {
  return Sixteen(place(lane), LANES, (number << LOG_TILE) + lane, LANES, 0u);
}

/** Where element `first` + m·`step` lies in the workgroup's memory. The mask bounds it for the compiler, too. */
fn placeOf(first: u32, step: u32, m: u32) -> u32 {
  return (first ^ place(m * step)) & 4095u;
}

/** Elements by fours: m, m + 1, m + 2, m + 3. */
struct Elements { a: vec4u, b: vec4u, c: vec4u, d: vec4u }

fn takeFour(g: Sixteen, m: u32) -> vec4u {
  return vec4u(
    tile[placeOf(g.first, g.step, m)],
    tile[placeOf(g.first, g.step, m + 1u)],
    tile[placeOf(g.first, g.step, m + 2u)],
    tile[placeOf(g.first, g.step, m + 3u)],
  );
}

fn take(g: Sixteen) -> Elements {
  return Elements(takeFour(g, 0u), takeFour(g, 4u), takeFour(g, 8u), takeFour(g, 12u));
}

fn putFour(g: Sixteen, m: u32, x: vec4u) {
  tile[placeOf(g.first, g.step, m)] = x.x;
  tile[placeOf(g.first, g.step, m + 1u)] = x.y;
  tile[placeOf(g.first, g.step, m + 2u)] = x.z;
  tile[placeOf(g.first, g.step, m + 3u)] = x.w;
}

fn put(g: Sixteen, x: Elements) {
  putFour(g, 0u, x.a);
  putFour(g, 4u, x.b);
  putFour(g, 8u, x.c);
  putFour(g, 12u, x.d);
}

/** Where elements m to m + 3 lie in the limb. */
fn fourOf(g: Sixteen, m: u32) -> vec4u {
  return g.start + g.stride * (m + vec4u(0u, 1u, 2u, 3u));
}

fn loadSixteen(limb: u32, g: Sixteen) -> Elements {
  return Elements(
    loadFour(limb, fourOf(g, 0u)),
    loadFour(limb, fourOf(g, 4u)),
    loadFour(limb, fourOf(g, 8u)),
    loadFour(limb, fourOf(g, 12u)),
  );
}

fn storeSixteen(limb: u32, g: Sixteen, x: Elements) {
  storeFour(limb, fourOf(g, 0u), x.a);
  storeFour(limb, fourOf(g, 4u), x.b);
  storeFour(limb, fourOf(g, 8u), x.c);
  storeFour(limb, fourOf(g, 12u), x.d);
}

/** Of all primes: two factors and their quotients in each, w, q, w, q. */
@group(0) @binding(5) var<storage, read> twiddles: array<vec4u>;

/** Twiddle factors for the butterflies of four pairs, with their quotients' halves: see `shoup4`. */
struct Factors { w: vec4u, q0: vec4i, q1: vec4i }

fn factors(w: vec4u, quotients: vec4u) -> Factors {
  let q = vec4i(quotients);
  return Factors(w, low16(q), q >> vec4u(16u));
}

/** Factor `at` of the prime whose factors begin at `table`, for all four pairs. */
fn one(table: u32, at: u32) -> Factors {
  let t = twiddles[table + (at >> 1u)];
  let pair = select(t.xy, t.zw, (at & 1u) == 1u);
  return factors(pair.xxxx, pair.yyyy);
}

/** Two factors, each for all four pairs. */
struct TwoFactors { even: Factors, odd: Factors }

/** Factors `at`, which is even, and the next one. */
fn oneAndOne(table: u32, at: u32) -> TwoFactors {
  let t = twiddles[table + (at >> 1u)];
  return TwoFactors(factors(t.xxxx, t.yyyy), factors(t.zzzz, t.wwww));
}

/** The same, each for two pairs. */
fn two(table: u32, at: u32) -> Factors {
  let t = twiddles[table + (at >> 1u)];
  return factors(t.xxzz, t.yyww);
}

/** Four factors from an even one on, one for each pair. */
fn four(table: u32, at: u32) -> Factors {
  let t = twiddles[table + (at >> 1u)];
  let u = twiddles[table + (at >> 1u) + 1u];
  return factors(vec4u(t.xz, u.xz), vec4u(t.yw, u.yw));
}

/** Four pairs, the upper and the lower of each. */
struct Pairs { u: vec4u, v: vec4u }
