import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const data = fileURLToPath(new URL("../shared/data", import.meta.url));

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
    env: process.env.BLINDSIGHT_DATA === undefined && existsSync(data) ? { BLINDSIGHT_DATA: data } : {},
  },
});
