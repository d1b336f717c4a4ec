import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const data = fileURLToPath(new URL("../shared/data", import.meta.url));

// One seed for all random tests of a run, printed so that a failure can be replayed: see test/seed.ts.
process.env.BLINDSIGHT_SEED ??= String(Date.now() % 2 ** 31);
console.log(`BLINDSIGHT_SEED=${process.env.BLINDSIGHT_SEED}`);
if (existsSync(data)) process.env.BLINDSIGHT_DATA ??= data;

/** Debian's chromium brings SwiftShader, a GPU in software: it serves where there is no other. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (existsSync(SWIFTSHADER) && !existsSync("/dev/dri") && !existsSync("/dev/nvidiactl")) {
  process.env.VK_DRIVER_FILES ??= SWIFTSHADER;
  process.env.VK_ICD_FILENAMES ??= SWIFTSHADER;
  process.env.XDG_RUNTIME_DIR ??= "/tmp";
}

// In a process of its own: Dawn keeps threads. Once a run: each project evaluates this file again.
const ADAPTER = `
  const adapter = await import("webgpu").then(({ create }) => create([]).requestAdapter(), () => null);
  console.log(adapter ? adapter.info.description || adapter.info.vendor : "");
`;
if (process.env.BLINDSIGHT_ADAPTER === undefined) {
  const options = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] } as const;
  const adapter = execFileSync(process.execPath, ["--input-type=module", "-e", ADAPTER], options).trim();
  process.env.BLINDSIGHT_ADAPTER = adapter;
  console.log(adapter ? `WebGPU tests run on ${adapter}` : "WebGPU tests are skipped: there is no adapter");
}
const adapter = process.env.BLINDSIGHT_ADAPTER;

const chromium = (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, "chromium")));
if (!chromium && process.env.VITEST_WORKER_ID === undefined) {
  console.log("browser tests are skipped: there is no chromium");
}

/** The kernels' own tests and those against the published vectors, run once more on the GPU, beside what only a GPU has. */
const GPU_TESTS = [
  ...["pointwise", "transform", "sums", "combine", "convert", "expand", "pack"].map(
    (name) => `test/ntt/${name}.test.ts`,
  ),
  "test/vectors/engine-*.test.ts",
];

/** Minutes long: `npm run test:slow` runs these and nothing else. */
const SLOW = "test/**/*.slow.test.ts";
const slow = process.env.BLINDSIGHT_SLOW === "1";

const cpu = { name: "cpu", include: ["test/**/*.test.ts"], exclude: ["test/gpu/device/**", "test/browser/**", SLOW] };

export default defineConfig({
  // Node 20 does not parse `using`: it is lowered.
  oxc: { target: "es2022" },
  // What package.json says for the built files, said for the sources.
  resolve: {
    alias: [
      { find: "#host", replacement: fileURLToPath(new URL("src/host/node.ts", import.meta.url)) },
      // As the page's parts name the package's doors.
      { find: /^blindsight\/(\w+)$/, replacement: fileURLToPath(new URL("src/$1/index.ts", import.meta.url)) },
    ],
  },
  test: {
    environment: "node",
    pool: "forks",
    maxWorkers: 2,
    setupFiles: ["test/seed.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: slow
      ? [{ extends: true, test: { name: "slow", include: [SLOW], testTimeout: 3_600_000 } }]
      : [
          { extends: true, test: cpu },
          ...(chromium
            ? [{ extends: true as const, test: { name: "browser", include: ["test/browser/*.test.ts"] } }]
            : []),
          ...(adapter
            ? [
                {
                  extends: true as const,
                  test: {
                    name: "webgpu",
                    include: [...GPU_TESTS, "test/gpu/device/*.test.ts"],
                    env: { BLINDSIGHT_TEST_DEVICE: "webgpu" },
                  },
                },
              ]
            : []),
        ],
  },
});
