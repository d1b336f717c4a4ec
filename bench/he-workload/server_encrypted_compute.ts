/** The server computes on what was uploaded. No secret lies in anything that it reads. */
import { join } from "node:path";
import { EvaluationKeys } from "../../src/ckks/keys/evaluation-keys.js";
import { EncryptedImage } from "../../src/nn/exchange.js";
import { Server } from "../../src/nn/server.js";
import { emptied, filesOf, instanceOf, modelFile, openParallel, planOf, stream, write } from "./place.js";

const instance = instanceOf(process.argv[2]);
const plan = await planOf(instance.mode);
const device = await openParallel();
const keys = await EvaluationKeys.fromBytes(stream(join(instance.folder("public_keys"), "evaluation")), device);
const server = new Server(plan, device, keys);
using model = await server.readModel(stream(modelFile(instance, plan.model)));
const uploaded = instance.folder("ciphertexts_upload");
const folder = emptied(instance.folder("ciphertexts_download"));
for (const name of filesOf(uploaded)) {
  using image = await EncryptedImage.fromBytes(stream(join(uploaded, name)), plan, device);
  using result = await server.run(model, image);
  await write(join(folder, name), result.chunks());
}
// No close: nothing that lay on this device is secret, and the process ends.
