/**
 * What `blindsight/bundle` exports: one file for pages without a bundler and without an import map, made of this one by
 * scripts/build-page.mjs. `ckks` and `nn` both have a `KeyHolder`, so each door keeps its name.
 * @module blindsight/bundle
 */
export * as ckks from "./ckks/index.js";
export * from "./index.js";
export * as nn from "./nn/index.js";
export * as ntt from "./ntt/index.js";
