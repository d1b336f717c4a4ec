import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { phantomDataset } from "../../src/data/dataset.js";
import { imageToInput } from "../../src/data/input.js";
import { openDevice } from "../../src/index.js";
import { compile, importOnnx, interpret, KeyHolder, ModelOwner, Randomness, Server } from "../../src/nn/index.js";
import { buildIfStale } from "../cli/blindsight.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const modelFile = join(root, "models/rl1-phantom.onnx");
const script = join(root, "test/nn/role-process.mjs");
const run = promisify(execFile);

const network = importOnnx(readFileSync(modelFile));
const set = phantomDataset(1, { train: 8, val: 0, test: 4 });
const [image, ...calibration] = [
  set.image("test", 2),
  ...Array.from({ length: 8 }, (_, i) => set.image("train", i)),
].map(({ pixels }) => imageToInput(pixels, network.card));
const seeds = [41, 42];
const passphrase = "three roles, three processes";

let home: string;
beforeAll(() => {
  buildIfStale();
  home = mkdtempSync(join(tmpdir(), "blindsight-"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A role in a process of its own, with nothing but its task and what was sent to it. @returns what stands in its folder then */
async function play(role: string, task: object, inbox: readonly string[]) {
  const folder = join(home, role);
  mkdirSync(folder);
  writeFileSync(join(folder, "task.json"), JSON.stringify(task));
  for (const path of inbox) copyFileSync(path, join(folder, basename(path)));
  const { stdout } = await run(process.execPath, [script, role, modelFile, folder], { cwd: root });
  return { stdout, files: readdirSync(folder).sort(), file: (name: string) => join(folder, name) };
}

/** The same roles, images and streams here, from the sources. */
async function inOneProcess() {
  const device = await openDevice("cpu", { threads: 1 });
  const plan = compile(network);
  const holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(seeds[0]));
  const input = holder.encrypt(image);
  const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(seeds[1]));
  const server = new Server(plan, device, holder.evaluationKeys);
  const result = await server.run(server.load(owner.encrypt(network, { calibration })), input);
  const bytes = await result.toBytes();
  const logits = [...(await holder.decrypt(result))];
  const exact = [...(await holder.decrypt(result, { exactUnsafe: true }))];
  await device.close();
  return { bytes, logits, exact };
}

test("key holder, model owner and server in processes of their own, joined by files: to the last bit what one process gives", async () => {
  const expected = await inOneProcess();
  const patient = await play("key-holder", { seeds, passphrase, image: [...image] }, []);
  expect(patient.files).toEqual(["evaluation-keys", "image", "public-key", "secret-key", "task.json"]);
  const owner = await play("model-owner", { seeds, calibration: calibration.map((each) => [...each]) }, [
    patient.file("public-key"),
  ]);
  const mail = [patient.file("evaluation-keys"), patient.file("image"), owner.file("model")];
  for (const role of ["server", "small-server"]) {
    const server = await play(role, {}, mail);
    expect(server.files).toEqual(["evaluation-keys", "image", "model", "result", "task.json"]);
    expect(Buffer.compare(readFileSync(server.file("result")), expected.bytes), role).toBe(0);
    const reader = await play(`reader-of-${role}`, { passphrase }, [patient.file("secret-key"), server.file("result")]);
    expect(JSON.parse(reader.stdout)).toEqual({ logits: expected.logits, exact: expected.exact });
  }
  const clear = interpret(network, image);
  for (const [j, logit] of expected.logits.entries()) expect(logit).toBeCloseTo(clear[j], 2);
});
