// A network and an image, both encrypted; the server sees neither.
import { readFile } from "node:fs/promises";
import { openDevice } from "blindsight";
import { compile, importOnnx, KeyHolder, ModelOwner, probabilities, Server } from "blindsight/nn";

const network = importOnnx(await readFile(process.argv[2] ?? "models/rl1-phantom.onnx"));
const images = Array.from({ length: 16 }, (_, k) =>
  Float64Array.from({ length: 784 }, (_, i) => Math.sin((k + 1) * i)),
);
const device = await openDevice("auto");
const plan = compile(network, { model: "encrypted" }); // public: no weight is in it

using hospital = await KeyHolder.create(plan, device); // holds the secret key
const owner = new ModelOwner(plan, hospital.publicKey); // holds the network
const server = new Server(plan, device, hospital.evaluationKeys); // holds neither

using model = server.load(owner.encrypt(network, { calibration: images }));
using image = hospital.encrypt(images[0]);
using result = await server.run(model, image);
const logits = await hospital.decrypt(result);
console.log(plan.report());
console.log("probabilities", probabilities(logits, network.card));
