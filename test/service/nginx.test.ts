/** docs/deploy.md followed line by line, from an empty folder: HTTPS by Debian's nginx with deploy/nginx.conf before the service. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { phantomDataset } from "../../src/data/dataset.js";
import { blindsight, buildIfStale, command } from "../cli/blindsight.js";
import { npy, npz } from "../data/npz-bytes.js";
import { writePng } from "../data/png-bytes.js";
import { hasProgram } from "../programs.js";
import { freePort, Machine } from "./cluster/machines.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const text = (path: string) => readFileSync(join(root, path), "utf8");
const PARTIES: Record<string, string> = {
  serve: "operator",
  token: "operator",
  "delete-tenant": "operator",
  owner: "owner",
};
/** Of a phantom, in pixels. */
const SIDE = 28;
const set = phantomDataset(1, { train: 16, val: 0, test: 1 });

/** The commands of the document, word by word, without `npx blindsight`. */
function documented(): string[][] {
  const [block] = /(?<=## From an empty folder[\s\S]*?```sh\n)[\s\S]*?(?=```)/.exec(text("docs/deploy.md"))!;
  const lines = block.split("\n").filter((line) => line.startsWith("npx blindsight "));
  return lines.map((line) => [...line.matchAll(/"([^"]*)"|(\S+)/g)].slice(2).map(([, quoted, word]) => quoted ?? word));
}

describe.skipIf(!hasProgram("nginx"))("behind nginx", () => {
  let home: string;
  let nginx: Machine;
  let service: Machine;
  let url: string;
  const secrets: Record<string, string> = {};
  beforeAll(async () => {
    buildIfStale();
    home = mkdtempSync(join(tmpdir(), "blindsight-nginx-"));
    for (const party of ["operator", "owner", "hospital"]) mkdirSync(join(home, party));
    const { pixels } = set.image("test", 0);
    const grey = { width: SIDE, height: SIDE, depth: 8, colourType: 0, interlaced: false };
    writeFileSync(join(home, "hospital", "xray.png"), writePng({ ...grey, samples: pixels }));
    const images = Array.from({ length: 16 }, (_, k) => set.image("train", k));
    const all = Buffer.concat(images.map(({ pixels: each }) => Uint8Array.from(each)));
    const labels = Uint8Array.from(images, ({ label }) => label);
    const arrays = {
      train_images: npy("|u1", [16, SIDE, SIDE], all),
      train_labels: npy("|u1", [16, 1], labels),
    };
    writeFileSync(join(home, "owner", "images.npz"), npz(arrays));
    writeFileSync(join(home, "owner", "net.onnx"), readFileSync(join(root, "models/rl1-phantom.onnx")));
  });
  afterAll(async () => {
    await nginx?.end("SIGTERM");
    await service?.end("SIGKILL");
    rmSync(home, { recursive: true, force: true });
  });

  async function startNginx(behind: number): Promise<number> {
    const port = await freePort();
    const [key, certificate] = [join(home, "key.pem"), join(home, "certificate.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const request = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
    ];
    execFileSync("openssl", [...request, "-keyout", key, "-out", certificate, ...subject], { stdio: "ignore" });
    const changes: [string, string][] = [
      ["listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`],
      ["server_name blindsight.example;", "server_name localhost;"],
      ["/etc/nginx/blindsight/certificate.pem", certificate],
      ["/etc/nginx/blindsight/key.pem", key],
      ["http://127.0.0.1:8080", `http://127.0.0.1:${behind}`],
    ];
    let block = text("deploy/nginx.conf");
    for (const [from, to] of changes) {
      expect(block).toContain(from);
      block = block.replace(from, to);
    }
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${home}/${name};`,
    );
    writeFileSync(
      join(home, "nginx.conf"),
      `daemon off; pid ${home}/nginx.pid; error_log stderr notice; events {}\nhttp { ${paths.join(" ")}\n${block}\n}`,
    );
    const env = { PATH: `${process.env["PATH"]}:/usr/sbin` };
    nginx = await Machine.start("nginx", ["-p", home, "-c", join(home, "nginx.conf")], env, /start worker process/);
    return port;
  }

  function run(party: string, args: readonly string[]) {
    const env = {
      BLINDSIGHT_TOKEN: secrets[party] ?? "",
      BLINDSIGHT_PASSPHRASE: "correct horse battery staple",
      NODE_EXTRA_CA_CERTS: join(home, "certificate.pem"),
    };
    return blindsight([...args, "--json"], join(home, party), env);
  }

  test("the document's lines, each by its party", async () => {
    const lines = documented();
    expect(lines.length).toBe(16);
    const behind = await freePort();
    url = `https://localhost:${await startNginx(behind)}`;
    const known = new Map<string, string>();
    const logits: number[][] = [];
    for (const line of lines) {
      const [name] = line;
      const party = PARTIES[name] ?? "hospital";
      const words = line.map((word) => known.get(word) ?? (word === "URL" ? url : word));
      if (name === "serve") {
        const args = [command, ...words, "--json", "--device", "cpu"]
          .map((word) => (word === "8080" ? `${behind}` : word))
          .map((word) => (word === "/srv/blindsight" ? join(home, "operator", "service") : word));
        service = await Machine.start(process.execPath, args, {}, /"url"/);
        secrets["operator"] = /bs_[0-9a-f]{16}_[\w-]{43}/.exec(service.log)![0];
        continue;
      }
      const { status, stdout, stderr } = run(party, words);
      expect(`${words.join(" ")}\n${status} ${stderr}`).toBe(`${words.join(" ")}\n0 `);
      const said = JSON.parse(stdout);
      if (name === "token") secrets[said.scope] = said.token;
      else if (name === "plans" && !line.includes("--get")) known.set("ID", said.plans[0].id);
      else if (name === "keygen") known.set(line.includes("keys") ? "0123 4567 …" : "89ab cdef …", said.key);
      else if (name === "delete-key") expect(said).toMatchObject({ models: 1 });
      else if (name === "ask") logits.push(said.logits);
    }
    expect(logits.length).toBe(2);
    expect(Math.abs(logits[0][0] - logits[1][0])).toBeLessThan(2e-3); // under two keys
    const after = run("hospital", ["plans", "--service", url]);
    expect([after.status, after.stderr]).toEqual([2, expect.stringContaining("no such token")]);
    expect(service.log).not.toContain("st-anna");
  });

  test("HTTPS only where the certificate is known, and what nginx adds", async () => {
    const env = { BLINDSIGHT_TOKEN: secrets["owner"] };
    const { status, stderr } = blindsight(["plans", "--service", url], home, env);
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining("certificate that is not trusted here (DEPTH_ZERO_SELF_SIGNED_CERT)"),
    ]);
    const script = `
      const response = await fetch(${JSON.stringify(`${url}/readyz`)});
      console.log(JSON.stringify([response.status, await response.json(), response.headers.get("cache-control")]));`;
    const said = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: join(home, "certificate.pem") },
      encoding: "utf8",
    });
    expect(JSON.parse(said)).toEqual([200, { ok: true }, "no-store"]);
  });
});
