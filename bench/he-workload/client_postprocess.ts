/** The largest logit is the digit. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { instanceOf, rowsOf } from "./place.js";

const instance = instanceOf(process.argv[2]);
const rows = rowsOf(join(instance.folder("intermediate"), "logits.f64"), 10);
const labels = rows.map((row) => row.indexOf(Math.max(...row)));
writeFileSync(instance.predictions, `${labels.join("\n")}\n`);
