// A page that webpack bundles: it copies the worker's file to where it copies all others.
import * as blindsight from "blindsight";
import * as ckks from "blindsight/ckks";
import { work } from "./work.js";

const workerUrl = new URL("blindsight/worker", import.meta.url);
await work({ ...blindsight, ckks }, "cpu", { workerUrl });
