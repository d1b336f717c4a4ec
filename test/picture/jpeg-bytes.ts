/** JPEGs byte by byte: a small encoder of grey pictures, and segments that others can be changed with. */

export function segment(marker: number, body: ArrayLike<number>): number[] {
  const length = body.length + 2;
  return [0xff, marker, length >> 8, length & 255, ...Array.from(body)];
}

class Bits {
  readonly bytes: number[] = [];
  private hold = 0;
  private count = 0;

  put(value: number, length: number): void {
    for (let k = length - 1; k >= 0; k--) {
      this.hold = (this.hold << 1) | ((value >> k) & 1);
      if (++this.count === 8) this.flush();
    }
  }

  /** Fills the byte with ones. */
  align(): void {
    while (this.count > 0) this.put(1, 1);
  }

  private flush(): void {
    this.bytes.push(this.hold & 255);
    if ((this.hold & 255) === 255) this.bytes.push(0);
    this.hold = 0;
    this.count = 0;
  }
}

/** Codes of one length for all: a table's DHT body, and the writer of a symbol. */
function flatTable(kind: number, symbols: readonly number[], length: number) {
  const counts = Array.from({ length: 16 }, (_, k) => (k === length - 1 ? symbols.length : 0));
  return {
    body: [kind, ...counts, ...symbols],
    put: (bits: Bits, symbol: number) => bits.put(symbols.indexOf(symbol), length),
  };
}

function category(value: number): number {
  return value === 0 ? 0 : Math.floor(Math.log2(Math.abs(value))) + 1;
}

function putSigned(bits: Bits, value: number): void {
  const size = category(value);
  bits.put(value < 0 ? value + 2 ** size - 1 : value, size);
}

export interface GreyJpeg {
  readonly width: number;
  readonly height: number;
  readonly values: ArrayLike<number>;
  /** MCUs between restart markers. */
  readonly interval?: number;
}

const head = (marker: number, precision: number, { width, height }: GreyJpeg) =>
  segment(marker, [precision, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0]);

const restarts = (interval = 0) => (interval > 0 ? segment(0xdd, [interval >> 8, interval & 255]) : []);

/** Baseline, every coefficient kept: what comes out is off by rounding alone. */
export function baselineJpeg(picture: GreyJpeg): Uint8Array {
  const { width, height, values, interval = 0 } = picture;
  const dc = flatTable(
    0x00,
    Array.from({ length: 12 }, (_, k) => k),
    4,
  );
  const runs = Array.from({ length: 160 }, (_, k) => ((k / 10) << 4) | (1 + (k % 10)));
  const ac = flatTable(0x10, [0x00, 0xf0, ...runs], 8);
  const bits = new Bits();
  let mean = 0;
  let blocks = 0;
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      if (interval > 0 && blocks > 0 && blocks % interval === 0) {
        bits.align();
        bits.bytes.push(0xff, 0xd0 + ((blocks / interval - 1) & 7));
        mean = 0;
      }
      blocks++;
      const sample = (x: number, y: number) =>
        values[Math.min(height - 1, top + y) * width + Math.min(width - 1, left + x)] - 128;
      const own = zigzagOf(forwardDct(sample));
      dc.put(bits, category(own[0] - mean));
      putSigned(bits, own[0] - mean);
      mean = own[0];
      let run = 0;
      for (let k = 1; k < 64; k++) {
        if (own[k] === 0) run++;
        else {
          for (; run > 15; run -= 16) ac.put(bits, 0xf0);
          ac.put(bits, (run << 4) | category(own[k]));
          putSigned(bits, own[k]);
          run = 0;
        }
      }
      if (run > 0) ac.put(bits, 0);
    }
  }
  bits.align();
  const tables = [
    ...segment(0xdb, [0, ...new Array(64).fill(1)]),
    ...segment(0xc4, dc.body),
    ...segment(0xc4, ac.body),
  ];
  const scan = [...segment(0xda, [1, 1, 0x00, 0, 63, 0]), ...bits.bytes];
  return Uint8Array.from([
    0xff,
    0xd8,
    ...tables,
    ...head(0xc0, 8, picture),
    ...restarts(interval),
    ...scan,
    0xff,
    0xd9,
  ]);
}

/** Lossless, each sample predicted by the one to its left. */
export function losslessJpeg(picture: GreyJpeg, precision: number): Uint8Array {
  const { width, height, values, interval = 0 } = picture;
  const table = flatTable(
    0x00,
    Array.from({ length: 17 }, (_, k) => k),
    5,
  );
  const bits = new Bits();
  for (let k = 0; k < width * height; k++) {
    const anew = interval > 0 ? k % interval === 0 : k === 0;
    if (anew && k > 0) {
      bits.align();
      bits.bytes.push(0xff, 0xd0 + ((k / interval - 1) & 7));
    }
    const expected = anew ? 2 ** (precision - 1) : values[k % width === 0 ? k - width : k - 1];
    // Modulo 2^16: −32767 to 32768.
    const difference = ((((values[k] - expected + 32767) % 65536) + 65536) % 65536) - 32767;
    table.put(bits, category(difference));
    if (difference !== 32768) putSigned(bits, difference);
  }
  bits.align();
  const scan = [...segment(0xc4, table.body), ...segment(0xda, [1, 1, 0x00, 1, 0, 0]), ...bits.bytes];
  return Uint8Array.from([0xff, 0xd8, ...head(0xc3, precision, picture), ...restarts(interval), ...scan, 0xff, 0xd9]);
}

function forwardDct(sample: (x: number, y: number) => number): number[] {
  const scale = (k: number) => (k === 0 ? Math.SQRT1_2 : 1);
  return Array.from({ length: 64 }, (_, at) => {
    const [u, v] = [at % 8, at >> 3];
    let sum = 0;
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) {
        sum += sample(x, y) * Math.cos(((2 * x + 1) * u * Math.PI) / 16) * Math.cos(((2 * y + 1) * v * Math.PI) / 16);
      }
    }
    return Math.round((scale(u) * scale(v) * sum) / 4);
  });
}

/** By diagonals, every other one upwards. */
function zigzagOf(block: readonly number[]): number[] {
  const order = Array.from({ length: 64 }, (_, at) => ({ at, x: at % 8, y: at >> 3 }));
  order.sort((a, b) => a.x + a.y - b.x - b.y || ((a.x + a.y) % 2 === 0 ? a.x - b.x : b.x - a.x));
  return order.map(({ at }) => block[at]);
}

/** A segment put in right behind SOI. */
export function withSegment(jpeg: Uint8Array, marker: number, body: ArrayLike<number>): Uint8Array {
  return Uint8Array.from([0xff, 0xd8, ...segment(marker, body), ...jpeg.subarray(2)]);
}

/** Exif's APP1 with an orientation, in either order of bytes. */
export function exif(orientation: number, little: boolean): number[] {
  const u16 = (value: number) => (little ? [value, 0] : [0, value]);
  const u32 = (value: number) => (little ? [value, 0, 0, 0] : [0, 0, 0, value]);
  const entry = (tag: readonly number[], value: number) => [...tag, ...u16(3), ...u32(1), ...u16(value), 0, 0];
  const width = little ? [0x00, 0x01] : [0x01, 0x00];
  const turn = little ? [0x12, 0x01] : [0x01, 0x12];
  const directory = [...u16(2), ...entry(width, 9), ...entry(turn, orientation), ...u32(0)];
  return [69, 120, 105, 102, 0, 0, ...(little ? [0x49, 0x49, 42, 0] : [0x4d, 0x4d, 0, 42]), ...u32(8), ...directory];
}

/** Where the frame header's marker stands. */
export function frameHeader(jpeg: Uint8Array): number {
  for (let at = 2; ; at += 2 + (jpeg[at + 2] << 8) + jpeg[at + 3]) {
    const marker = jpeg[at + 1];
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) return at;
  }
}

/** 16×8 pixels of one colour, 120, 80, 200 in components of these names, each in a scan of its own. */
export function colourJpeg(ids: readonly [number, number, number]): Uint8Array {
  const [width, height] = [16, 8];
  const grey = [120, 80, 200].map((value) => baselineJpeg({ width, height, values: new Array(128).fill(value) }));
  const at = frameHeader(grey[0]);
  const scans = grey.map((jpeg) => jpeg.findIndex((byte, k) => byte === 0xff && jpeg[k + 1] === 0xda));
  const frame = segment(0xc0, [8, 0, height, 0, width, 3, ...ids.flatMap((id) => [id, 0x11, 0])]);
  const bodies = grey.flatMap((jpeg, k) => {
    const scan = Array.from(jpeg.subarray(scans[k], -2));
    scan[5] = ids[k];
    return scan;
  });
  return Uint8Array.from([...grey[0].subarray(0, at), ...frame, ...bodies, 0xff, 0xd9]);
}

/** Bodies of Adobe's APP14, with its transform, and of JFIF's APP0. */
export const adobe = (transform: number): number[] => [65, 100, 111, 98, 101, 0, 100, 0, 0, 0, 0, transform];
export const jfif: readonly number[] = [74, 70, 73, 70, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0];
