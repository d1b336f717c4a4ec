/** The client makes its keys: a secret one, and what the server needs. */
import { join } from "node:path";
import { KeyHolder } from "../../src/nn/key-holder.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import { emptied, instanceOf, planOf, write } from "./place.js";

const instance = instanceOf(process.argv[2]);
const plan = await planOf(instance.mode);
const device = await openCpuDevice();
using holder = await KeyHolder.create(plan, device);
const secret = await holder.toSecretBytes();
await write(join(instance.folder("secret_key"), "secret"), secret, 0o600);
secret.fill(0);
const folder = emptied(instance.folder("public_keys"));
await write(join(folder, "evaluation"), holder.evaluationKeys.chunks());
if (plan.model === "encrypted") await write(join(folder, "public"), await holder.publicKey.toBytes());
await device.close();
