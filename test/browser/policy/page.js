// A page without a bundler and without an import map: the one file of the package lies beside it.
import * as blindsight from "./blindsight.js";
import { work } from "./work.js";

const asked = new URLSearchParams(location.search);
const options = JSON.parse(asked.get("options"));
if (asked.has("trusted")) {
  const policy = trustedTypes.createPolicy("page", { createScriptURL: (url) => url });
  options.workerUrl = policy.createScriptURL(options.workerUrl);
}
await work(blindsight, asked.get("kind"), options);
