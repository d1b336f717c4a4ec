// Encrypt, compute, decrypt.
import { openDevice } from "blindsight";
import { Evaluator, KeyHolder, Parameters } from "blindsight/ckks";

const device = await openDevice("auto"); // WebGPU or CPU: the same numbers
const parameters = Parameters.choose({ depth: 1 }); // one product of ciphertexts, then nothing more

using alice = await KeyHolder.create(device, parameters); // the secret key stays in here
using keys = alice.evaluationKeys({ rotations: [1] }); // public: whoever computes needs them
using x = alice.encrypt([0.1, 0.2, 0.3]);

// From here to `decrypt` nobody needs the secret key.
const he = new Evaluator(device, parameters, keys);
using square = he.multiply(x, x);
using shifted = he.rotate(square, 1); // slot j now holds what slot j + 1 held
using y = he.add(square, shifted);

console.log(parameters.describe());
console.log("x² + next x²:", await alice.decrypt(y, 2)); // 0.01 + 0.04 and 0.04 + 0.09
console.log(he.explain(y)); // level, what it may hold, noise, bytes: an estimate, no decryption
