/** The three roles as commands, joined by files alone. */
import { spawn } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { crc32 } from "../../src/bytes/checksum.js";
import { blindsight, buildIfStale, type Outcome } from "./blindsight.js";

let home: string;
beforeAll(() => {
  buildIfStale();
  home = mkdtempSync(join(tmpdir(), "blindsight-"));
  make();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const MODEL = "rl1-phantom";
const at = (...names: string[]) => join(home, ...names);
const run = (args: string, env?: Record<string, string>, folder = home): Outcome =>
  blindsight(
    args.match(/"[^"]*"|\S+/g)!.map((arg) => arg.replace(/"/g, "")),
    folder,
    env,
  );
const json = (args: string, env?: Record<string, string>, folder?: string) => {
  const { status, stdout, stderr } = run(`${args} --json --threads 1`, env, folder);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout);
};
/** One line, exit code 2, and nothing on stdout. */
const refusal = (args: string, env?: Record<string, string>, folder?: string): string => {
  const { status, stdout, stderr } = run(args, env, folder);
  expect(stderr).toMatch(/^blindsight: [^\n]+ — [^\n]+\n$/);
  expect([status, stdout]).toEqual([2, ""]);
  return stderr;
};

let key: string;
/** The server's folder: what it was sent, and no secret. */
function make(): void {
  expect(run(`compile ${MODEL} --out net.plan`).status).toBe(0);
  key = json("keygen --plan net.plan --out keys").key;
  json(`encrypt-model ${MODEL} --plan net.plan --public keys/public --key-id ${key} --out model.enc`);
  json("encrypt --plan net.plan --secret keys/secret --dataset phantom --index 2 --out x.enc");
  mkdirSync(at("server"));
  for (const [from, to] of [
    ["net.plan", "net.plan"],
    ["keys/evaluation", "evaluation"],
    ["model.enc", "model.enc"],
    ["x.enc", "x.enc"],
  ]) {
    copyFileSync(at(from), at("server", to));
  }
}
const INFER = "infer --plan net.plan --evaluation evaluation --model model.enc --input x.enc";

describe("compile, keygen, encrypt-model, encrypt, infer, decrypt", () => {
  test("give diagnose's verdict, in a folder without a secret, by a process that was given none", () => {
    const inferred = json(`${INFER} --out r.enc`, undefined, at("server"));
    expect(inferred).toMatchObject({ key, encrypted: { image: true, model: true } });
    const { images } = json("decrypt --plan net.plan --secret keys/secret --input server/r.enc");
    const diagnosed = json(`diagnose --model ${MODEL} --dataset phantom --index 2`);
    expect(images).toHaveLength(1);
    expect(images[0].label).toBe(diagnosed.label);
    for (const [k, share] of diagnosed.probabilities.entries())
      expect(images[0].probabilities[k]).toBeCloseTo(share, 2);
    expect(run("decrypt --plan net.plan --secret keys/secret --input server/r.enc").stdout).toContain("saw neither");
  });

  test("the secret key is for its owner only, and wrapped where a passphrase is wanted", () => {
    expect(statSync(at("keys/secret")).mode & 0o777).toBe(0o600);
    const env = { BLINDSIGHT_PASSPHRASE: "correct horse battery staple" };
    json("keygen --plan net.plan --out wrapped --passphrase", env);
    const kind = (name: string) => readFileSync(at(name)).readUInt16LE(10);
    expect([kind("keys/secret"), kind("wrapped/secret")]).toEqual([2, 12]);
    json("encrypt --plan net.plan --secret wrapped/secret --dataset phantom --out w.enc", env);
    const wrong = refusal("decrypt --plan net.plan --secret wrapped/secret --input w.enc", env);
    expect(wrong).toContain('"encrypted image", not "encrypted result"');
    const other = { BLINDSIGHT_PASSPHRASE: "another" };
    const encrypt = "encrypt --plan net.plan --secret wrapped/secret --dataset phantom --out w2.enc";
    expect(refusal(encrypt, other)).toMatch(/passphrase/);
    expect(refusal(encrypt)).toContain("BLINDSIGHT_PASSPHRASE");
    expect(readdirSync(home)).not.toContain("w2.enc");
  });

  test("whoever has the public key encrypts, and the holder of the secret one reads", () => {
    const { bytes } = json(
      "encrypt --plan net.plan --public keys/public --dataset phantom --index 2 --out server/xp.enc",
    );
    expect(bytes).toBeGreaterThan(1.8 * statSync(at("x.enc")).size);
    json(`${INFER.replace("x.enc", "xp.enc")} --out rp.enc --memory 1`, undefined, at("server"));
    const { images } = json("decrypt --plan net.plan --secret keys/secret --input server/rp.enc");
    expect(images[0].label).toBe(json(`diagnose --model ${MODEL} --dataset phantom --index 2`).label);
  });

  test("thousands at once with a plain model; several images, from JSON as well", () => {
    expect(run(`compile ${MODEL} --throughput --out many.plan`).status).toBe(0);
    json("keygen --plan many.plan --out many");
    json(`encode-model ${MODEL} --plan many.plan --out many.model`);
    json("encrypt --plan many.plan --secret many/secret --dataset phantom --index 0-4 --out many.enc");
    json("infer --plan many.plan --evaluation many/evaluation --model many.model --input many.enc --out many.r");
    const { images } = json("decrypt --plan many.plan --secret many/secret --input many.r --images 5");
    const labels = [0, 1, 2, 3, 4].map((i) => json(`diagnose --model ${MODEL} --dataset phantom --index ${i}`).label);
    expect(images.map(({ label }: { label: string }) => label)).toEqual(labels);
    writeFileSync(at("values.json"), JSON.stringify([Array(784).fill(0.5), Array(784).fill(-0.5)]));
    expect(json("encrypt --plan many.plan --secret many/secret --values values.json --out v.enc").images).toBe(2);
    expect(refusal("encrypt --plan net.plan --secret keys/secret --values values.json --out v2.enc")).toContain(
      "--images",
    );
  });
});

describe("files that are not what they should be are one line that says which, exit code 2, and nothing is written", () => {
  test("truncated, foreign, newer", () => {
    const server = at("server");
    const whole = readFileSync(at("server/model.enc"));
    writeFileSync(at("server/short.enc"), whole.subarray(0, whole.length >> 1));
    const newer = Buffer.from(whole);
    newer.writeUInt16LE(9, 8);
    newer.writeUInt32LE(crc32(newer.subarray(0, 16 + newer.readUInt32LE(12))), 16 + newer.readUInt32LE(12));
    writeFileSync(at("server/newer.enc"), newer);
    run(`compile ${MODEL} --plain-model --out server/other.plan`);
    json("keygen --plan net.plan --out other-keys");
    copyFileSync(at("other-keys/evaluation"), at("server/other-evaluation"));
    const of = (change: [string, string]) => refusal(`${INFER.replace(...change)} --out bad.enc`, undefined, server);
    expect(of(["model.enc", "short.enc"])).toMatch(/short\.enc: .*(cut off|missing)/);
    expect(of(["model.enc", "newer.enc"])).toMatch(/newer\.enc: this is of format 9/);
    expect(of(["net.plan", "other.plan"])).toMatch(/model\.enc: .*(another plan|other)/);
    expect(of(["--evaluation evaluation", "--evaluation other-evaluation"])).toMatch(/model\.enc: .*key/);
    expect(of(["model.enc", "x.enc"])).toMatch(/x\.enc: .*"encrypted image", not "model"/);
    expect(of(["x.enc", "nothing.enc"])).toContain("there is no file nothing.enc");
    expect(of(["--evaluation evaluation", `--evaluation ${at("keys/secret")}`])).toContain(
      '"secret key", not "evaluation keys"',
    );
    expect(readdirSync(server).filter((name) => name.includes("bad.enc"))).toEqual([]);
    expect(refusal("decrypt --plan net.plan --secret other-keys/secret --input server/r.enc")).toMatch(/key/);
  });

  test("a key of another id, and one that is no id", () => {
    const model = `encrypt-model ${MODEL} --plan net.plan --public keys/public --out m2.enc --key-id`;
    expect(refusal(`${model} ${"0".repeat(64)}`)).toContain("which is not --key-id");
    expect(refusal(`${model} ${key.slice(0, 16)}`)).toContain("64 hexadecimal digits");
    expect(readdirSync(home)).not.toContain("m2.enc");
    const grouped = key.toUpperCase().match(/.{4}/g)!.join(" ");
    json(`encrypt-model ${MODEL} --plan net.plan --public keys/public --key-id "${grouped}" --out m3.enc`);
  });

  test("what is there already stays as it is", () => {
    const before = readFileSync(at("x.enc"));
    const again = "encrypt --plan net.plan --secret keys/secret --dataset phantom --out x.enc";
    expect(refusal(again)).toContain("x.enc exists already");
    expect(refusal("keygen --plan net.plan --out keys")).toContain("keys exists already");
    expect(Buffer.compare(readFileSync(at("x.enc")), before)).toBe(0);
    expect(refusal("keygen --plan net.plan --out nowhere/keys")).toContain("its folder is not there");
  });

  test("numbers of images that no plan takes", () => {
    for (const images of [3, 2048]) {
      expect(refusal(`compile ${MODEL} --images ${images} --out odd.plan`)).toContain(
        `--images ${images} is no power of two`,
      );
    }
    expect(refusal(`inspect ${MODEL} --images 3`)).toContain("--images 3");
  });

  test("no key, two ways to name images, an index that is none", () => {
    const encrypt = "encrypt --plan net.plan --out y.enc";
    expect(refusal(`${encrypt} --dataset phantom`)).toContain("--secret");
    expect(refusal(`${encrypt} --secret keys/secret`)).toContain("nothing to encrypt");
    expect(refusal(`${encrypt} --secret keys/secret --dataset phantom --values v.json`)).toContain("several ways");
    expect(refusal(`${encrypt} --secret keys/secret --dataset phantom --index 3-1`)).toContain("--index 3-1");
    expect(refusal(`${encrypt} --secret keys/secret --dataset phantom --index 999999`)).toContain("out of range");
  });
});

describe("outputs appear whole or not at all", () => {
  /** The process, once its partial output is there. */
  async function started(out: string) {
    const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
    const args = [
      main,
      ...`encrypt-model ${MODEL} --plan net.plan --public keys/public --key-id ${key} --out ${out}`.split(" "),
    ];
    const child = spawn(process.execPath, [...args, "--threads", "1"], {
      cwd: home,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    const ended = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
    while (!partials(out)[0] && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 2));
    return { child, ended, stderr: () => stderr };
  }
  const partials = (out: string) => readdirSync(home).filter((name) => name.startsWith(`.${out}.`));

  test("after kill -9 nothing stands under the name, and the next attempt removes what was left", async () => {
    const { child, ended } = await started("killed.enc");
    child.kill("SIGKILL");
    await ended;
    expect(readdirSync(home)).not.toContain("killed.enc");
    expect(partials("killed.enc")).toHaveLength(1);
    json(`encrypt-model ${MODEL} --plan net.plan --public keys/public --key-id ${key} --out killed.enc`);
    expect(partials("killed.enc")).toEqual([]);
    expect(run("inspect killed.enc").stdout).toContain('"model"');
  });

  test("Ctrl-C ends it in one line, exit code 130, and nothing is left", async () => {
    const { child, ended, stderr } = await started("stopped.enc");
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(stderr()).toMatch(/^blindsight: the command was interrupted — [^\n]+\n$/);
    expect(readdirSync(home).filter((name) => name.includes("stopped.enc"))).toEqual([]);
  });
});

describe("inspect", () => {
  test("a network: what it takes, or what stands against it; a plan: its table; other files: their kind", () => {
    expect(run(`inspect ${MODEL}`).stdout).toMatch(/levels[\s\S]*evaluation keys take[\s\S]*\| 0 linear/);
    const relu = run("inspect rl1-phantom-relu");
    expect(relu.stderr).toContain("activations became polynomials");
    expect(relu.status).toBe(0);
    expect(run("inspect net.plan").stdout).toContain("the plan ");
    expect(run("inspect x.enc").stdout).toContain('"encrypted image"');
    expect(refusal("inspect nothing.onnx")).toContain("there is no model");
  });
});
