// The same work in Node on one thread: what every page must give. Reads the inputs from standard input.
import { text } from "node:stream/consumers";
import { diagnose, scheme } from "./page/work.js";

const inputs = JSON.parse(await text(process.stdin));
const options = { threads: 1 };
console.log(
  JSON.stringify({ scheme: await scheme("cpu", options), diagnosis: await diagnose("cpu", options, inputs) }),
);
