import { collect } from "../../../src/bytes/stream.js";
import { Ring } from "../../../src/ckks/index.js";
import {
  type ImageContent,
  imageChunks,
  type ResultContent,
  readImage,
  readResult,
  resultChunks,
} from "../../../src/nn/formats/exchange.js";
import type { Planned } from "../../../src/nn/formats/head.js";
import { type ModelContent, modelChunks, readModel } from "../../../src/nn/formats/model.js";
import type { Device } from "../../../src/ntt/device.js";
import { makeAll, parameters } from "../../ckks/formats/stored.js";

/** Of no plan that there is: golden files outlive the shape that programs have. */
const identity = "0123456789abcdef".repeat(4);
const SLOTS = 8;

/** What these files expect of a plan. */
export function plannedHere(device: Device, model: Planned["model"]): Planned {
  const ring = Ring.of(device, parameters);
  return { identity, ring, model, slots: SLOTS, levels: { image: [2], model: [2, 1, 0], result: [0, 0] } };
}

/** Each kind as a file, by a name of its own, from seeds: the same bytes wherever they are made. */
export async function writeExchanged(device: Device): Promise<Record<string, Uint8Array>> {
  const { he, holder, seeded, full, plain } = await makeAll(device);
  using low = he.toLevel(full, 0);
  using lower = he.encoder.encode([3, -1], 0, SLOTS);
  using upper = he.encoder.encode([1, 2], 2, SLOTS);
  const { fingerprint } = holder;
  const model: ModelContent = { identity, outputScale: 4, fingerprint, operands: [seeded, full, low] };
  const clear: ModelContent = { identity, outputScale: 1, operands: [upper, plain, lower] };
  const image: ImageContent = { identity, ciphertexts: [seeded] };
  const encrypted = { image: true, model: false };
  const result: ResultContent = { identity, outputScale: 2, encrypted, ciphertexts: [low, low] };
  return {
    "model-encrypted": await collect(modelChunks(model)),
    "model-plain": await collect(modelChunks(clear)),
    "encrypted-image": await collect(imageChunks(image)),
    "encrypted-result": await collect(resultChunks(result)),
  };
}

/** What a file says, and how what it says is written again. */
export interface ReadAgain extends Disposable {
  readonly content: ModelContent | ImageContent | ResultContent;
  toBytes(): Promise<Uint8Array>;
}

/** How each is read. */
export const exchangedReaders: Readonly<Record<string, (bytes: Uint8Array, device: Device) => Promise<ReadAgain>>> = {
  "model-encrypted": async (bytes, device) => ofModel(await readModel(bytes, plannedHere(device, "encrypted"))),
  "model-plain": async (bytes, device) => ofModel(await readModel(bytes, plannedHere(device, "plain"))),
  "encrypted-image": async (bytes, device) => {
    const content = await readImage(bytes, plannedHere(device, "encrypted"));
    return again(content, content.ciphertexts, () => collect(imageChunks(content)));
  },
  "encrypted-result": async (bytes, device) => {
    const content = await readResult(bytes, plannedHere(device, "encrypted"));
    return again(content, content.ciphertexts, () => collect(resultChunks(content)));
  },
};

function ofModel(content: ModelContent): ReadAgain {
  return again(content, content.operands, () => collect(modelChunks(content)));
}

function again(content: ReadAgain["content"], values: readonly Disposable[], toBytes: ReadAgain["toBytes"]): ReadAgain {
  return {
    content,
    toBytes,
    [Symbol.dispose]() {
      for (const value of values) value[Symbol.dispose]();
    },
  };
}
