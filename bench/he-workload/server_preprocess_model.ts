/** The server encodes its weights; with encrypted weights, their owner encrypts them for each client's key that is there. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PublicKey } from "../../src/ckks/keys/public-key.js";
import { ModelOwner } from "../../src/nn/model-owner.js";
import { importOnnx } from "../../src/nn/onnx.js";
import { plainModelChunks } from "../../src/nn/plain-model.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import { instancesWithKeys, modelFile, ours, planOf, rowsOf, stream, write } from "./place.js";

const network = importOnnx(readFileSync(ours("model", "network.onnx")));
const calibration = rowsOf(ours("model", "calibration.f64"), 784);
const device = await openCpuDevice();
const made = new Set<string>();
for (const instance of instancesWithKeys()) {
  const plan = await planOf(instance.mode);
  const file = modelFile(instance, plan.model);
  if (plan.model === "encrypted") {
    using key = await PublicKey.fromBytes(stream(join(instance.folder("public_keys"), "public")), device);
    await write(file, new ModelOwner(plan, key).encryptedChunks(network, { calibration }));
  } else if (!made.has(file) && !existsSync(file)) {
    await write(file, plainModelChunks(plan, network, device, { calibration }));
  }
  made.add(file);
}
await device.close();
