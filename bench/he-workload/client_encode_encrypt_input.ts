/** The client encrypts its images: each by itself, or as many at once as there are slots. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { KeyHolder } from "../../src/nn/key-holder.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import { emptied, instanceOf, openParallel, planOf, rowsOf, write } from "./place.js";

const instance = instanceOf(process.argv[2]);
const plan = await planOf(instance.mode);
const device = await (plan.images > 1 ? openParallel() : openCpuDevice());
const secret = readFileSync(join(instance.folder("secret_key"), "secret"));
using holder = await KeyHolder.fromSecretBytes(secret, plan, device);
secret.fill(0);
const inputs = rowsOf(join(instance.folder("intermediate"), "inputs.f64"), 784);
const folder = emptied(instance.folder("ciphertexts_upload"));
for (let at = 0; at < inputs.length; at += plan.images) {
  const group = inputs.slice(at, at + plan.images);
  using image = holder.encrypt(plan.images === 1 ? group[0] : group);
  await write(join(folder, `${at}.enc`), image.chunks());
}
await device.close();
