import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { output, root, strangersProject } from "./stranger.js";

let folder: string;

beforeAll(() => {
  folder = strangersProject(fileURLToPath(new URL("app", import.meta.url)));
});
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const BODY = `
async function main() {
  const device = await openDevice("cpu", { threads: 2 });
  const parameters = Parameters.choose({ depth: 1 });
  const alice = await KeyHolder.create(device, parameters);
  const he = new Evaluator(device, parameters, alice.evaluationKeys());
  const [value] = await alice.decrypt(he.square(alice.encrypt([0.5])), 1);
  await device.close();
  console.log(value.toFixed(2));
}
main();
`;

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

test("require() gives the modules, and the same ones as import()", () => {
  const file = write(
    "required.cjs",
    `const { openDevice, DeviceError } = require("blindsight");
    const { Evaluator, KeyHolder, Parameters } = require("blindsight/ckks");
    require("blindsight/nn").compile;
    require("blindsight/ntt").primePool();
    require("blindsight/bundle").ckks.Parameters;
    import("blindsight").then((imported) => console.log(imported.DeviceError === DeviceError));
    ${BODY}`,
  );
  expect(output(file).split("\n")).toEqual(["true", "0.25", ""]);
});

/** With `module`, `resolution` and no option besides that would forgive anything. */
function compile(module: string, resolution: string): string {
  const source = write(
    "typed.cts",
    `import { openDevice } from "blindsight";
    import { Evaluator, KeyHolder, Parameters } from "blindsight/ckks";
    ${BODY}`,
  );
  const options = ["--strict", "--target", "es2022", "--module", module, "--moduleResolution", resolution];
  const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
  execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), source, ...options, ...types], {
    cwd: folder,
    encoding: "utf8",
  });
  return join(folder, "typed.cjs");
}

test.each([
  ["nodenext", "nodenext"],
  ["commonjs", "node10"],
])("TypeScript that compiles to CommonJS, module %s, moduleResolution %s", (module, resolution) => {
  expect(output(compile(module, resolution))).toBe("0.25\n");
});

test("jest, with what docs/apps.md says of it", () => {
  write("jest.config.json", JSON.stringify({ transform: {}, testMatch: ["**/jest-test.mjs"] }));
  write(
    "jest-test.mjs",
    `import { expect, test } from "@jest/globals";
    import { DeviceError, openDevice } from "blindsight";
    import { product } from "./product.mjs";
    test.each([1, 2])("a product on %i threads", async (threads) => {
      const { values } = await product("cpu", { threads });
      expect(values[0]).toBeCloseTo(0.25, 3);
      expect(new DeviceError("a", "b")).toBeInstanceOf(Error);
      await expect(openDevice("abacus")).rejects.toBeInstanceOf(DeviceError);
    });`,
  );
  const report = JSON.parse(
    execFileSync(process.execPath, [join(root, "node_modules/jest/bin/jest.js"), "--json"], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, NODE_OPTIONS: "--experimental-vm-modules" },
      stdio: "pipe",
    }),
  );
  expect(report).toMatchObject({ numPassedTests: 2, numFailedTests: 0, success: true });
});
