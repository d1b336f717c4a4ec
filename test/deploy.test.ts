/** What deploy/ has, as far as it can be looked at here: units and compose file by their syntax, names and options by the command. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { blindsight, buildIfStale } from "./cli/blindsight.js";
import { hasProgram } from "./programs.js";

const folder = fileURLToPath(new URL("../deploy/", import.meta.url));
const text = (name: string) => readFileSync(folder + name, "utf8");
const UNITS = ["blindsight.service", "blindsight-worker.service"];

interface Compose {
  readonly services: Record<string, Service>;
  readonly secrets: Record<string, { readonly file: string }>;
  readonly volumes: Record<string, object>;
}
interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly depends_on?: readonly string[];
}

/** Options that a command of ours knows. */
function optionsOf(name: string): string {
  return blindsight([name, "--help"], folder).stdout;
}

function expectKnown(words: readonly string[]): void {
  const [name, ...rest] = words;
  const help = optionsOf(name);
  for (const word of rest)
    if (word.startsWith("--")) expect([name, help]).toEqual([name, expect.stringContaining(`${word} `)]);
}

beforeAll(buildIfStale);

describe.skipIf(!hasProgram("systemd-analyze"))("systemd", () => {
  test.each(UNITS)("%s", (unit) => {
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", folder + unit], { encoding: "utf8" });
    const said = (stdout + stderr).split("\n").filter((line) => line.includes(unit) && !line.includes("/usr/bin/node"));
    expect([status === null, said]).toEqual([false, []]);
  });
});

test.each(UNITS)("%s starts a command that there is, with options that it knows", (unit) => {
  const [line] = /(?<=^ExecStart=).*/m.exec(text(unit))!;
  const [, file, ...words] = line.split(" ");
  expect(file).toMatch(/node_modules\/blindsight\/dist\/cli\/main\.js$/);
  expectKnown(words);
});

test("compose.yaml: everything that is named is there", () => {
  const { services, secrets, volumes } = parse(text("compose.yaml"), { merge: true }) as Compose;
  expect(Object.keys(services)).toEqual(["redis", "store", "bucket", "service", "worker"]);
  for (const [name, service] of Object.entries(services)) {
    expect([name, Boolean(service.image ?? service.build)]).toEqual([name, true]);
    for (const other of service.depends_on ?? []) expect(services).toHaveProperty(other);
    for (const secret of service.secrets ?? []) expect(secrets).toHaveProperty(secret);
    for (const volume of service.volumes ?? []) {
      const [from] = volume.split(":");
      if (from.startsWith("./")) expect(text(from.slice(2)).length).toBeGreaterThan(0);
      else expect(volumes).toHaveProperty(from);
    }
  }
  for (const name of ["service", "worker"]) expectKnown(services[name].command!);
});

test("the image installs what package.json has as the service's optional peers", () => {
  const { peerDependencies } = JSON.parse(readFileSync(`${folder}../package.json`, "utf8"));
  const own = Object.keys(peerDependencies).filter((name) => name !== "webgpu");
  const installed = /npm install blindsight (.*)/.exec(text("Dockerfile"))![1].split(" ");
  expect(installed.sort()).toEqual(own.sort());
  const deploy = readFileSync(`${folder}../docs/deploy.md`, "utf8");
  for (const name of own) expect(deploy).toContain(name);
});
