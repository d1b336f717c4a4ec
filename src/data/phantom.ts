import { mulberry32 } from "./mulberry32.js";

/**
 * Phantoms: chest-like pictures drawn from numbers, for places without data. Nobody was ever X-rayed for them, and
 * what a network learns on them says nothing about patients.
 *
 * Only +, −, ×, ÷ and comparisons decide a pixel (no exp, no sin, whose last bit differs between engines), so that a
 * seed draws the same bytes everywhere.
 */
export const phantomLabels = ["clear", "lesion"] as const;

/** Width and height of a phantom in pixels. */
export const phantomSize = 28;

export interface Phantom {
  /** 28×28 grey values, row by row. */
  readonly pixels: Uint8Array;
  /** 0 clear, 1 with one to three soft bright lesions in the lungs. */
  readonly label: 0 | 1;
}

/**
 * Draws phantom number `index` of the series `seed`, both non-negative integers below 2^32. About half carry a lesion.
 * @throws RangeError when either is not such an integer.
 */
export function drawPhantom(seed: number, index: number): Phantom {
  const random = series(checkWord("seed", seed), checkWord("index", index));
  const label = random.word() & 1 ? 1 : 0;
  const chest = drawChest(random);
  if (label === 1) addLesions(chest, random);
  return { pixels: expose(chest.values, random), label };
}

interface Ellipse {
  x: number;
  y: number;
  rx: number;
  ry: number;
}

interface Chest {
  values: Float64Array;
  lungs: readonly [Ellipse, Ellipse];
}

function drawChest(random: Series): Chest {
  const x = 13.5 + random.between(-1.2, 1.2);
  const y = 14 + random.between(-1.4, 1.4);
  const size = random.between(0.94, 1.06);
  const body: Ellipse = { x, y: y + 1.5, rx: 13 * size, ry: 16 * size };
  const tissue = random.between(138, 154);
  const air = random.between(75, 95);
  const lung = (side: -1 | 1): Ellipse => ({
    x: x + side * random.between(5.1, 5.8) * size,
    y: y + random.between(-0.5, 0.5),
    rx: random.between(3.7, 4.4) * size,
    ry: random.between(7.6, 8.8) * size,
  });
  const lungs = [lung(-1), lung(1)] as const;
  const heart: Ellipse = { x: x + random.between(0.8, 2.2), y: y + 4.5, rx: random.between(3.2, 4.6), ry: 4.8 };
  const ribs = { period: random.between(3.3, 4.1), phase: random.unit(), slope: random.between(0.02, 0.05) };
  const ribContrast = random.between(5, 10);
  const spineContrast = random.between(12, 28);
  const heartContrast = random.between(25, 45);

  const values = new Float64Array(phantomSize * phantomSize);
  for (let row = 0; row < phantomSize; row++) {
    for (let column = 0; column < phantomSize; column++) {
      const inBody = edge(distance(body, column, row), 0.12);
      const inLung = Math.max(edge(distance(lungs[0], column, row), 0.3), edge(distance(lungs[1], column, row), 0.3));
      const fromSpine = Math.abs(column - x);
      const rib = stripe((row + ribs.slope * fromSpine * fromSpine) / ribs.period + ribs.phase);
      const spine = fromSpine < 1.6 ? spineContrast * (1 - fromSpine / 1.6) : 0;
      const shadow = heartContrast * edge(distance(heart, column, row), 0.4) * inLung;
      values[row * phantomSize + column] = inBody * (tissue - air * inLung + shadow + spine + ribContrast * rib) + 14;
    }
  }
  addVessels(values, lungs, random);
  return { values, lungs };
}

/** Small faint spots of both classes, so that brightness in a lung is not yet a lesion. */
function addVessels(values: Float64Array, lungs: Chest["lungs"], random: Series): void {
  for (let left = random.word() % 5; left > 0; left--) {
    const { x, y } = placeIn(lungs[random.word() & 1], 0.9, random);
    addBlob(values, x, y, random.between(1.1, 1.7), random.between(8, 24));
  }
}

function addLesions(chest: Chest, random: Series): void {
  for (let left = 1 + (random.word() % 3); left > 0; left--) {
    const { x, y } = placeIn(chest.lungs[random.word() & 1], 0.75, random);
    addBlob(chest.values, x, y, random.between(2.2, 3.6), random.between(60, 110));
  }
}

function addBlob(values: Float64Array, x: number, y: number, radius: number, contrast: number): void {
  for (let row = 0; row < phantomSize; row++) {
    for (let column = 0; column < phantomSize; column++) {
      const rest = 1 - ((column - x) * (column - x) + (row - y) * (row - y)) / (radius * radius);
      if (rest > 0) values[row * phantomSize + column] += contrast * rest * rest;
    }
  }
}

/** A point uniform in the ellipse shrunk by `share`. */
function placeIn(ellipse: Ellipse, share: number, random: Series): { x: number; y: number } {
  for (;;) {
    const u = random.between(-1, 1);
    const v = random.between(-1, 1);
    if (u * u + v * v <= 1) return { x: ellipse.x + u * share * ellipse.rx, y: ellipse.y + v * share * ellipse.ry };
  }
}

/** Gain, offset and noise of one exposure; then 8 bits. */
function expose(values: Float64Array, random: Series): Uint8Array {
  const gain = random.between(0.92, 1.08);
  const offset = random.between(-8, 10);
  const noise = random.between(3, 7);
  return Uint8Array.from(values, (value) => {
    // Four uniform values: variance 1/3, near enough to a normal one.
    const sum = random.unit() + random.unit() + random.unit() + random.unit() - 2;
    return Math.min(255, Math.max(0, Math.round(gain * value + offset + noise * 1.732 * sum)));
  });
}

/** Square of the elliptic radius: 1 on the outline. */
function distance(ellipse: Ellipse, x: number, y: number): number {
  const u = (x - ellipse.x) / ellipse.rx;
  const v = (y - ellipse.y) / ellipse.ry;
  return u * u + v * v;
}

/** 1 inside, 0 outside, smooth over ±softness around the outline. */
function edge(distanceSquared: number, softness: number): number {
  const t = Math.min(1, Math.max(0, (1 + softness - distanceSquared) / (2 * softness)));
  return t * t * (3 - 2 * t);
}

/** A wave of period 1 between −1 and 1, made of parabolas. */
function stripe(t: number): number {
  const phase = 2 * (t - Math.floor(t)) - 1;
  return 4 * phase * (1 - Math.abs(phase));
}

interface Series {
  /** Uniform in 0..2^32−1. */
  word(): number;
  /** Uniform in [0, 1). */
  unit(): number;
  between(low: number, high: number): number;
}

/** From a mixed seed. */
function series(seed: number, index: number): Series {
  const word = mulberry32(mix(seed ^ mix(index ^ 0x9e3779b9)));
  const unit = () => word() / 4294967296;
  return { word, unit, between: (low, high) => low + (high - low) * unit() };
}

/** The finaliser of MurmurHash3: every bit of the seed reaches every bit of the state. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function checkWord(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new RangeError(`${name} must be an integer between 0 and 4294967295, got ${value}`);
  }
  return value;
}
