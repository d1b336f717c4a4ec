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
  permute,
  reduce,
  dotProduct,
  tensor,
  baseConvert,
} from "./pointwise";
export { expandUniform } from "./expand";
