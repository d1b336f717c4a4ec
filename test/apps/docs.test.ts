import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { output, root, strangersProject } from "./stranger.js";

const text = readFileSync(join(root, "docs/apps.md"), "utf8");
const readme = readFileSync(join(root, "README.md"), "utf8");
let folder: string;

beforeAll(() => {
  folder = strangersProject(fileURLToPath(new URL("app", import.meta.url)));
});
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

function block(language: string): string {
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text)![1];
}

/** What a sample prints, compiled as a stranger would. */
function run(name: string, sample: string): string {
  const file = join(folder, `${name}.mts`);
  writeFileSync(file, sample);
  const options = ["--strict", "--target", "es2022", "--module", "nodenext", "--types", "node"];
  const types = ["--typeRoots", join(root, "node_modules/@types")];
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [compiler, file, ...options, ...types], { cwd: folder, stdio: "pipe" });
  return output(join(folder, `${name}.mjs`));
}

test("the sample of docs/apps.md compiles and prints the squares that it says", () => {
  expect(run("sample", block("ts"))).toMatch(/\[\s*1,\s*4,\s*9\s*\]/);
});

test("the samples of the README compile and print probabilities, and the squares that they say", () => {
  const samples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, sample]) => sample);
  expect(samples).toHaveLength(3);
  const given = `
    import { readFileSync } from "node:fs";
    const bytes = readFileSync(${JSON.stringify(join(root, "models/rl1-phantom.onnx"))});
    const images = [1, 2, 3, 4].map((k) => Float64Array.from({ length: 784 }, (_, i) => Math.sin(k * i)));
  `;
  const pictures = `
    const onnxBytes = readFileSync(${JSON.stringify(join(root, "models/rl1-phantom-relu.onnx"))});
    const data = (k: number) => Uint8Array.from({ length: 784 }, (_, i) => 127.5 + 127.5 * Math.sin(k * i));
    const pictures = [1, 2, 3, 4].map((k) => ({ data: data(k), width: 28, height: 28 }));
  `;
  const opened = 'import { openDevice } from "blindsight"; const device = await openDevice();';
  const whole = run("readme-whole", given + pictures + samples[0]);
  const [first, second] = [...whole.matchAll(/\d(?:\.\d+)?(?:e-\d+)?(?=[,\s])/g)].map(Number).slice(-2);
  expect(first + second).toBeCloseTo(1, 9);
  expect(whole).toMatch(/^(clear|lesion) /);
  const printed = run("readme-network", opened + given + samples[1]) + run("readme-scheme", opened + samples[2]);
  const numbers = [...printed.matchAll(/-?\d+\.\d+(?:e-\d+)?/g)].map(Number);
  expect(numbers[0] + numbers[1]).toBeCloseTo(1, 9);
  expect(numbers[2]).toBeCloseTo(0.04, 3);
  expect(numbers[3]).toBeCloseTo(0.09, 3);
});

test("its import map is the one that the browser tests use", () => {
  const page = readFileSync(join(root, "test/browser/page/plain.html"), "utf8");
  const [, used] = /<script type="importmap">([\s\S]*?)<\/script>/.exec(page)!;
  expect(JSON.parse(block("json"))).toEqual(JSON.parse(used));
});

test("the sizes of the files for pages are those it says, to a tenth", () => {
  for (const name of ["blindsight", "worker"]) {
    const [, kilobytes] = new RegExp(`dist/${name}\\.js\`,\\s+(\\d+) kB`).exec(text)!;
    const { size } = statSync(join(folder, `node_modules/blindsight/dist/${name}.js`));
    expect(Math.abs(size / 1000 / Number(kilobytes) - 1)).toBeLessThan(0.1);
  }
});
