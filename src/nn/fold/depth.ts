import { polynomialCost } from "../../ckks/circuits/polynomial-plan.js";
import { type FoldedLayer, type FoldedNetwork, takenBy } from "./folded.js";

/** Levels between what a layer takes and what it gives. */
export function levelsOf(layer: FoldedLayer): number {
  switch (layer.op) {
    case "linear":
    case "square":
    case "multiply":
      return 1;
    case "quad":
      return 2;
    case "polynomial":
      return polynomialCost(layer.polynomial).levels;
    default:
      return 0;
  }
}

/** Levels that a network uses up: of the longest way from the image to the result. */
export function depthOf({ layers }: Pick<FoldedNetwork, "layers">): number {
  const depths = [0];
  for (const layer of layers) depths.push(levelsOf(layer) + Math.max(...takenBy(layer).map((value) => depths[value])));
  return depths[depths.length - 1];
}
