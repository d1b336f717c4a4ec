// Three processes and a folder: a key holder encrypts, a server without any secret computes, the key holder decrypts.
//   node save-load.js encrypt DIR 3 4; node save-load.js compute DIR; node save-load.js decrypt DIR
import { createReadStream, createWriteStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { openDevice } from "blindsight";
import { Ciphertext, EvaluationKeys, Evaluator, KeyHolder, Parameters } from "blindsight/ckks";

const [role, folder, ...numbers] = process.argv.slice(2);
const file = (name: string) => join(folder, name);
const passphrase = process.env["PASSPHRASE"] ?? "an example's, which everybody knows";
const device = await openDevice("auto");

if (role === "encrypt") {
  using holder = await KeyHolder.create(device, Parameters.choose({ depth: 2 }));
  // For this user's eyes, and of no use without the passphrase.
  await writeFile(file("secret-key"), await holder.toWrappedBytes(passphrase), { mode: 0o600 });
  using keys = holder.evaluationKeys({ rotations: [1] });
  await pipeline(keys.chunks(), createWriteStream(file("evaluation-keys")));
  using x = holder.encrypt(numbers.map(Number), { bound: 100 });
  await writeFile(file("numbers"), await x.toBytes());
} else if (role === "compute") {
  // What the keys were made with stands in their file.
  using keys = await EvaluationKeys.fromBytes(createReadStream(file("evaluation-keys")), device);
  const he = new Evaluator(device, keys.ring.parameters, keys);
  using x = await Ciphertext.fromBytes(createReadStream(file("numbers")), he.ring);
  using square = he.square(x);
  using next = he.rotate(square, 1);
  using sum = he.add(square, next); // x_i² + x_{i+1}² in slot i
  await pipeline(sum.chunks(), createWriteStream(file("result")));
} else {
  using holder = await KeyHolder.fromWrappedBytes(await readFile(file("secret-key")), passphrase, device);
  using result = await Ciphertext.fromBytes(createReadStream(file("result")), holder.ring);
  const [first] = await holder.decrypt(result, 1);
  console.log(`sum of the first two squares: ${first.toFixed(4)}`);
}
