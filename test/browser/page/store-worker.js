// A worker of the page: only there are a page's files read at once.
import { openScratchFile } from "blindsight";
import { scheme } from "./work.js";

try {
  const store = await openScratchFile();
  const result = await scheme("cpu", { execution: "inline" }, store);
  const kept = store.bytes;
  store[Symbol.dispose]();
  postMessage({ ...result, kept });
} catch (error) {
  postMessage({ error: `${error?.name}: ${error?.message}` });
}
