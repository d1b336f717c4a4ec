export { ntt, intt, quotients } from "./transform";
export {
  add,
  subtract,
  negate,
  multiply,
  multiplyAdd,
  multiplyScalar,
  multiplyScalarAdd,
  dropAndScale,
  copy,
  permute,
  reduce,
  dotProduct,
  tensor,
} from "./pointwise";
export { expandUniform } from "./expand";
export { baseConvert } from "./convert";
