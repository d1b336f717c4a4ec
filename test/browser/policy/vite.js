// A page that vite bundles: it copies the worker's file to where it copies all others.
import * as blindsight from "blindsight";
import * as ckks from "blindsight/ckks";
import workerUrl from "blindsight/worker?url&no-inline";
import { work } from "./work.js";

await work({ ...blindsight, ckks }, "cpu", { workerUrl });
