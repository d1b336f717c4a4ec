// Hello: encrypt, multiply, rotate, decrypt.
import { openDevice } from "blindsight";
import { Evaluator, KeyHolder, Parameters } from "blindsight/ckks";

const device = await openDevice("auto");
const parameters = Parameters.choose({ depth: 3, slots: 4096 });
using alice = await KeyHolder.create(device, parameters); // the secret key stays in here
using keys = alice.evaluationKeys({ rotations: [1, 2, 4] });
const he = new Evaluator(device, parameters, keys);

using x = alice.encrypt([0.1, 0.2, 0.3]);
using y = he.rotate(he.multiply(x, x), 1); // relinearised, rescaled, aligned
console.log(parameters.describe());
console.log(await alice.decrypt(y, 2), he.explain(y)); // 0.04 and 0.09; level, scale, bytes
