// Runs the tests that take minutes: `npm run test:slow`, with vitest's own arguments behind `--`.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const env = { ...process.env, BLINDSIGHT_SLOW: "1" };
const { status } = spawnSync(process.execPath, [vitest, "run", ...process.argv.slice(2)], { stdio: "inherit", env });
process.exitCode = status ?? 1;
