// One of the three roles in a process of its own: node role-process.mjs ROLE MODEL FOLDER. It has what is in its folder, and
// leaves there what it makes. Streams of seeds stand for the platform's, so that another process can be compared to the last bit.
import { createReadStream, createWriteStream, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { openDevice, openScratchFile } from "blindsight";
import { EvaluationKeys, PublicKey } from "blindsight/ckks";
import {
  compile,
  EncryptedImage,
  EncryptedResult,
  importOnnx,
  KeyHolder,
  ModelOwner,
  Randomness,
  Server,
} from "blindsight/nn";

const [role, modelFile, folder] = process.argv.slice(2);
const file = (name) => join(folder, name);
const read = (name) => createReadStream(file(name), { highWaterMark: 2 ** 20 });
const write = (name, value) => pipeline(value.chunks(), createWriteStream(file(name)));
const { seeds, passphrase, calibration, image } = JSON.parse(readFileSync(file("task.json"), "utf8"));

const network = importOnnx(readFileSync(modelFile));
const plan = compile(network);
const device = await openDevice("cpu", { threads: 1 });

if (role === "key-holder") {
  const holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(seeds[0]));
  writeFileSync(file("secret-key"), await holder.toWrappedBytes(passphrase), { mode: 0o600 });
  writeFileSync(file("public-key"), await holder.publicKey.toBytes());
  await write("evaluation-keys", holder.evaluationKeys);
  await write("image", holder.encrypt(image));
} else if (role === "model-owner") {
  const publicKey = await PublicKey.fromBytes(read("public-key"), device);
  const owner = new ModelOwner(plan, publicKey, Randomness.seededUnsafe(seeds[1]));
  await write("model", owner.encrypt(network, { calibration }));
} else if (role === "server") {
  const keys = await EvaluationKeys.fromBytes(read("evaluation-keys"), device);
  const server = new Server(plan, device, keys);
  await write("result", await server.run(await server.readModel(read("model")), await imageFor()));
} else if (role === "small-server") {
  const store = await openScratchFile({ folder });
  const keys = await EvaluationKeys.fromBytes(read("evaluation-keys"), device);
  const server = await Server.withMemoryLimit(plan, device, keys, { memoryLimit: 0, store });
  await write("result", await server.run(await server.readModel(read("model")), await imageFor()));
} else {
  const holder = await KeyHolder.fromWrappedBytes(read("secret-key"), passphrase, plan, device);
  const result = await EncryptedResult.fromBytes(read("result"), plan, device);
  const logits = [...(await holder.decrypt(result))];
  const exact = [...(await holder.decrypt(result, { exactUnsafe: true }))];
  console.log(JSON.stringify({ logits, exact }));
}
await device.close();

function imageFor() {
  return EncryptedImage.fromBytes(read("image"), plan, device);
}
