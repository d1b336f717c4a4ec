import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const data = fileURLToPath(new URL("../shared/data", import.meta.url));

// One seed for all random tests of a run, printed so that a failure can be replayed: see test/seed.ts.
process.env.BLINDSIGHT_SEED ??= String(Date.now() % 2 ** 31);
console.log(`BLINDSIGHT_SEED=${process.env.BLINDSIGHT_SEED}`);
if (existsSync(data)) process.env.BLINDSIGHT_DATA ??= data;

export default defineConfig({
  // Node 20 does not parse `using`: it is lowered.
  oxc: { target: "es2022" },
  test: {
    include: ["test/**/*.test.ts"],
    environment: "node",
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
