// From the bytes of an ONNX file to an encrypted prediction. All roles are in this process: examples/network.ts has them apart.
import { readFile } from "node:fs/promises";
import { openDevice } from "blindsight";
import { EncryptedNetwork } from "blindsight/nn";

const onnx = await readFile(process.argv[2] ?? "models/rl1-phantom-relu.onnx");
const pixels = (k: number) => Uint8Array.from({ length: 784 }, (_, i) => 127.5 + 127.5 * Math.sin((k + 1) * i));
const pictures = Array.from({ length: 16 }, (_, k) => ({ data: pixels(k), width: 28, height: 28 })); // yours: ImageData, PNGs, …

const device = await openDevice("auto");
using net = await EncryptedNetwork.open(onnx, { device, calibration: pictures });
console.log(net.fit?.describe() ?? "nothing to fit"); // what ReLU became, and how far the logits are from the original's
const { label, probabilities, logits } = await net.predict(pictures[0]);
console.log("label:", label);
console.log("probabilities", probabilities);
console.log("logits", logits);
