// The one who computes, in a process that never had the secret key: `node server.js SHARED`. See client.ts.
import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { openDevice } from "blindsight";
import { Ciphertext, EvaluationKeys, Evaluator, sumSlots } from "blindsight/ckks";

const [, , sharedFolder] = process.argv;
const shared = (name: string) => join(sharedFolder, name);

const device = await openDevice("auto");
// Files of strangers: both are looked at completely before they are used, and damaged ones end in a FormatError.
using keys = await EvaluationKeys.fromBytes(createReadStream(shared("evaluation.keys")), device);
const { parameters } = keys.ring; // the keys bring them along
using temperatures = await Ciphertext.fromBytes(createReadStream(shared("temperatures.ct")), keys.ring);

const he = new Evaluator(device, parameters, keys);
using squares = he.square(temperatures);
using sum = sumSlots(he, squares); // slots that nobody filled hold zeros
await pipeline(sum.chunks(), createWriteStream(shared("result.ct")));
console.log(
  `${temperatures.packedBytes} bytes in, ${sum.packedBytes} bytes out, under key ${sum.fingerprint.slice(0, 8)}`,
);
