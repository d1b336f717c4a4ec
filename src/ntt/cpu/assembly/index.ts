export { ntt, intt, quotients } from "./transform";
export {
  add,
  subtract,
  negate,
  multiply,
  multiplyScalar,
  multiplyScalarAdd,
  dropAndScale,
  copy,
  permute,
  lift,
  reduce,
  dotProduct,
  tensor,
} from "./pointwise";
export { pack, unpack } from "./pack";
export { expandUniform, sampleGaussian, sampleTernary } from "./expand";
export { baseConvert } from "./convert";
export { combine } from "./combine";
