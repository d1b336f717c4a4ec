/** What the trained networks were tested on, where the data is here: the shared data's README says where it comes from. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import type { Network } from "../../src/nn/graph/network.js";
import { sizeOf } from "../../src/nn/graph/shapes.js";

const data = process.env["BLINDSIGHT_DATA"] ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));

/** An entry of training/results.json, as far as it is asked for here. */
export interface Trained {
  readonly firstTestLogits: readonly (readonly number[])[];
  /** Of a table: the lines of its file. */
  readonly firstTestRows?: readonly number[];
  /** Of the picture that `patternOf` gives. */
  readonly patternLogits?: readonly number[];
  readonly upsampled?: { readonly from: number } | null;
}

/** The first test inputs as the network takes them; undefined where the data is not here. */
export function firstTestInputs(network: Network, trained: Trained): Float64Array[] | undefined {
  const { dataset, input } = network.card;
  const count = trained.firstTestLogits.length;
  const table = `${data}/tabular/${dataset}.data`;
  if (trained.firstTestRows) {
    if (!existsSync(table)) return undefined;
    const lines = readFileSync(table, "utf8").split("\n");
    return trained.firstTestRows.map((row) => Float64Array.from(lines[row].split(",").slice(2), Number));
  }
  const side = trained.upsampled?.from;
  const size = side ? side * side : sizeOf(network.input);
  const pixels = testPixels(dataset ?? "");
  return (
    pixels &&
    Array.from({ length: count }, (_, n) => {
      const image = Float64Array.from(pixels.subarray(n * size, (n + 1) * size));
      return (side ? bilinear(image, side, network.input[1]) : image).map((v) => v * input.scale + input.offset);
    })
  );
}

/** A picture that needs no data: pixel k is 37·k modulo 256. */
export function patternOf(network: Network): Float64Array {
  const { scale, offset } = network.card.input;
  return Float64Array.from({ length: sizeOf(network.input) }, (_, k) => ((37 * k) % 256) * scale + offset);
}

function testPixels(dataset: string): Uint8Array | undefined {
  const [npz, idx] = [`${data}/${dataset}.npz`, `${data}/${dataset}/t10k-images-idx3-ubyte`];
  if (existsSync(idx)) return readFileSync(idx).subarray(16);
  if (!existsSync(npz)) return undefined;
  const array = unzipSync(readFileSync(npz), { filter: ({ name }) => name === "test_images.npy" })["test_images.npy"];
  return array.subarray(10 + array[8] + 256 * array[9]);
}

/** A square of `from` pixels a side enlarged to `to`: PyTorch's F.interpolate with align_corners=False. */
function bilinear(image: Float64Array, from: number, to: number): Float64Array {
  const places = Array.from({ length: to }, (_, k) => {
    const place = Math.max(0, ((k + 0.5) * from) / to - 0.5);
    const low = Math.floor(place);
    return { low, high: Math.min(low + 1, from - 1), weight: place - low };
  });
  const result = new Float64Array(to * to);
  for (const [y, row] of places.entries()) {
    for (const [x, column] of places.entries()) {
      const across = (line: number) =>
        image[line * from + column.low] * (1 - column.weight) + image[line * from + column.high] * column.weight;
      result[y * to + x] = across(row.low) * (1 - row.weight) + across(row.high) * row.weight;
    }
  }
  return result;
}
