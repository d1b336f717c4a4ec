/** Operator, owner and hospital as processes of their own, with tokens of their own, against a service that is a process. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clear, everythingIn } from "../service/stage.js";
import { blindsight, buildIfStale, command } from "./blindsight.js";

let home: string;
let service: { readonly url: string; readonly process: ChildProcess; readonly log: () => string };
let operatorToken: string;

beforeAll(async () => {
  buildIfStale();
  home = mkdtempSync(join(tmpdir(), "blindsight-"));
  for (const party of ["operator", "owner", "hospital"]) mkdirSync(join(home, party));
  service = await start();
});
afterAll(async () => {
  await stop();
  rmSync(home, { recursive: true, force: true });
});

async function start() {
  const folder = join(home, "operator", "service");
  const child = spawn(process.execPath, [command, "serve", "--folder", folder, "--port", "0", "--json"]);
  let [log, told] = ["", ""];
  const said = await new Promise<{ url: string }>((resolve, reject) => {
    child.stdout.on("data", (data) => {
      log += data;
      if (log.includes("\n")) resolve(JSON.parse(log.slice(0, log.indexOf("\n"))));
    });
    child.stderr.on("data", (data) => (told += data));
    child.once("exit", () => reject(new Error(log + told)));
  });
  operatorToken ??= /bs_[0-9a-f]{16}_[\w-]{43}/.exec(told)![0];
  return { url: said.url, process: child, log: () => log + told };
}

async function stop(): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => service.process.once("exit", resolve));
  service.process.kill("SIGTERM");
  return ended;
}

const tokens: Record<string, string> = {};

/** A party's command, in its own folder, with its own token. */
function run(party: "operator" | "owner" | "hospital", args: string) {
  const token = party === "operator" ? operatorToken : tokens[party];
  const at = /^(token|plans|owner|send-key|ask|probe)\b/.test(args) ? ` --service ${service.url}` : "";
  const { status, stdout, stderr } = blindsight(`${args}${at} --json`.split(" "), join(home, party), {
    BLINDSIGHT_TOKEN: token,
  });
  return { status, stderr, object: status === 0 ? JSON.parse(stdout) : undefined };
}

function right(...args: Parameters<typeof run>) {
  const { status, stderr, object } = run(...args);
  expect(`${status}: ${stderr}`).toBe("0: ");
  return object;
}

test("from an empty folder to diagnoses, rotation and deletion", async () => {
  for (const [scope, tenant] of [
    ["owner", "acme"],
    ["hospital", "st-anna"],
  ] as const) {
    tokens[scope] = right("operator", `token --scope ${scope} --tenant ${tenant}`).token;
  }
  expect(right("owner", "owner --model rl1-phantom").keys).toEqual([]);
  const { plans } = right("hospital", "plans");
  right("hospital", `plans --get ${plans[0].id.slice(0, 12)} --out net.plan`);
  const { key } = right("hospital", "keygen --plan net.plan --out keys");
  const sent = right("hospital", "send-key --plan net.plan --public keys/public --evaluation keys/evaluation");
  expect(sent).toMatchObject({ fingerprint: key, holder: "st-anna", models: 0 });

  const early = run("hospital", "ask --plan net.plan --secret keys/secret --dataset phantom --index 0");
  expect(early.stderr).toContain("there is no model under this key yet");
  expect(right("owner", "owner --model rl1-phantom").keys).toMatchObject([{ fingerprint: key, holder: "st-anna" }]);
  const wrong = run("owner", `owner --model rl1-phantom --approve ${"ab".repeat(32)}`);
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining("no key of the id abab")]);
  const { models, commitment } = right(
    "owner",
    `owner --model rl1-phantom --approve ${key} --budget 30 --answers answers.json`,
  );
  expect(JSON.parse(readFileSync(join(home, "owner", "commitment.json"), "utf8")).commitment).toBe(commitment);

  for (let index = 0; index < 12; index++) {
    const said = right("hospital", `ask --plan net.plan --secret keys/secret --dataset phantom --index ${index}`);
    expect(said.model).toMatchObject({ id: models[0].model, name: "rl1-phantom" });
    expect(
      said.logits.map((x: number, k: number) => Math.abs(x - clear(index)[k])).every((x: number) => x < 1e-3),
    ).toBe(true);
  }

  const probed = right("hospital", "probe --plan net.plan --secret keys/secret --answers ../owner/answers.json");
  expect(probed).toMatchObject({ images: 8, right: 8 });
  const forged = JSON.parse(readFileSync(join(home, "owner", "answers.json"), "utf8"));
  forged.answers[3].logits = forged.answers[3].logits.map((x: number) => -x);
  writeFileSync(join(home, "hospital", "forged.json"), JSON.stringify(forged));
  const caught = run("hospital", "probe --plan net.plan --secret keys/secret --answers forged.json");
  expect([caught.status, caught.stderr]).toEqual([2, expect.stringContaining("1 of 8 answers differ")]);

  // The service is restarted, and a new key takes the old one's place.
  expect(await stop()).toBe(0);
  service = await start();
  const next = right("hospital", "keygen --plan net.plan --out keys-2").key;
  right("hospital", "send-key --plan net.plan --public keys-2/public --evaluation keys-2/evaluation");
  right("owner", `owner --model rl1-phantom --approve ${next}`);
  const { label } = right("hospital", "ask --plan net.plan --secret keys-2/secret --dataset phantom --index 0");
  expect(label).toMatch(/clear|lesion/);
  expect(existsSync(join(home, "operator", "service", "lock"))).toBe(true);
  expect(readdirSync(join(home, "operator", "service", "objects")).sort()).toEqual([
    "MASTER",
    "PLANS",
    "acme",
    "st-anna",
  ]);
  expect(service.log()).not.toMatch(/bs_[0-9a-f]{16}_/); // of the second start: it made no token
});

test("what a party must not, and mistakes, are one line", () => {
  const cases = [
    ["hospital", "token --scope owner --tenant x", "your token is for hospital"],
    [
      "owner",
      "ask --plan ../hospital/net.plan --secret ../hospital/keys/secret --dataset phantom",
      "your token is for owner",
    ],
    ["hospital", "ask --plan net.plan --secret keys/secret --dataset phantom --model 00", "there is no model 00"],
    [
      "hospital",
      "send-key --plan net.plan --public keys/secret --evaluation keys/evaluation",
      'of the kind "secret key"',
    ],
    ["hospital", "send-key --plan net.plan --public keys-2/public --evaluation keys/secret", "no file of the kind"],
    ["operator", "token --scope hospital --tenant acme", "acme has the scope owner already"],
  ] as const;
  for (const [party, args, message] of cases) {
    const { status, stderr } = run(party, args);
    expect([args, status, stderr]).toEqual([args, 2, expect.stringContaining(message)]);
    expect(stderr.trim().split("\n").length).toBe(1);
  }
  const none = blindsight(["plans", "--service", service.url], home, { BLINDSIGHT_TOKEN: "" });
  expect([none.status, none.stderr]).toEqual([2, expect.stringContaining("set BLINDSIGHT_TOKEN")]);
  const second = blindsight(["serve", "--folder", join(home, "operator", "service"), "--port", "0"], home);
  expect([second.status, second.stderr]).toEqual([2, expect.stringContaining("serves")]);
  const { bytes } = everythingIn(join(home, "operator"));
  for (const token of Object.values(tokens)) expect(bytes.includes(token.slice(20))).toBe(false);
});
