// What an application does with the library. It runs in a page and in Node, and must give the same numbers in both.
import { openDevice } from "blindsight";
import { Evaluator, Parameters, Randomness, Residency, KeyHolder as SecretHolder } from "blindsight/ckks";
import { compile, importOnnx, KeyHolder, ModelOwner, Server, softmax } from "blindsight/nn";

/** Encrypts, multiplies, rotates, decrypts: what came out, and a digest of the result's residues. With a `store` its keys are there. */
export async function scheme(kind, options, store) {
  const device = await openDevice(kind, options);
  try {
    const parameters = Parameters.choose({ depth: 3, slots: 4096 });
    const alice = await SecretHolder.create(device, parameters, Randomness.seededUnsafe(5));
    const keys = alice.evaluationKeys({ rotations: [1] });
    const he = new Evaluator(device, parameters, store ? await keys.page(new Residency(0, store)) : keys);
    const x = alice.encrypt([0.1, 0.2, 0.3]);
    const y = he.rotate(he.multiply(x, x), 1);
    const limbs = y.parts.flatMap((part) => part.limbs);
    const residues = await digest(await device.read(parameters.logN, limbs));
    return { device: device.describe(), residues, values: [...(await alice.decrypt(y, 2))] };
  } finally {
    await device.close();
  }
}

/** One encrypted image through an encrypted network. `ticks`: turns of a timer while the server computed. */
export async function diagnose(kind, options, { model, images }) {
  const device = await openDevice(kind, options);
  try {
    const network = importOnnx(Uint8Array.from(model));
    const calibration = images.map((image) => Float64Array.from(image));
    const plan = compile(network, { model: "encrypted" });
    const hospital = await KeyHolder.create(plan, device, Randomness.seededUnsafe(6));
    const owner = new ModelOwner(plan, hospital.publicKey, Randomness.seededUnsafe(7));
    const server = new Server(plan, device, hospital.evaluationKeys);
    const loaded = server.load(owner.encrypt(network, { calibration }));
    await device.idle();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const result = await server.run(loaded, hospital.encrypt(calibration[0]));
    clearInterval(timer);
    const limbs = result.ciphertexts.flatMap(({ parts }) => parts.flatMap((part) => part.limbs));
    const residues = await digest(await device.read(plan.parameters.logN, limbs));
    const probabilities = [...softmax(await hospital.decrypt(result))];
    return { residues, probabilities, encrypted: result.encrypted, ticks };
  } finally {
    await device.close();
  }
}

async function digest(limbs) {
  const bytes = new Uint8Array(await new Blob(limbs).arrayBuffer());
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
