/** The client decrypts the logits. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EncryptedResult } from "../../src/nn/exchange.js";
import { KeyHolder } from "../../src/nn/key-holder.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import { bytesOf, filesOf, instanceOf, planOf, rowsOf, stream, write } from "./place.js";

const instance = instanceOf(process.argv[2]);
const plan = await planOf(instance.mode);
const device = await openCpuDevice();
const secret = readFileSync(join(instance.folder("secret_key"), "secret"));
using holder = await KeyHolder.fromSecretBytes(secret, plan, device);
secret.fill(0);
const { length } = rowsOf(join(instance.folder("intermediate"), "inputs.f64"), 784);
const folder = instance.folder("ciphertexts_download");
const firsts = filesOf(folder)
  .map((name) => Number.parseInt(name, 10))
  .sort((a, b) => a - b);
const logits: Float64Array[] = [];
for (const first of firsts) {
  using result = await EncryptedResult.fromBytes(stream(join(folder, `${first}.enc`)), plan, device);
  const images = Math.min(plan.images, length - first);
  logits.push(...(await holder.decryptAll(result, { images })));
}
await write(join(instance.folder("intermediate"), "logits.f64"), bytesOf(logits));
await device.close();
