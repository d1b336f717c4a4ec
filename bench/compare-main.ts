import { compareFiles } from "./compare.js";
import { failureOf } from "./failure.js";

try {
  console.log(compareFiles(process.argv.slice(2)));
} catch (error) {
  const { line, exitCode } = failureOf(error);
  console.error(line);
  process.exitCode = exitCode;
}
