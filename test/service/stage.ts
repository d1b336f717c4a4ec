import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HospitalClient, OwnerClient } from "../../src/client/index.js";
import { phantomDataset } from "../../src/data/dataset.js";
import { imageToInput } from "../../src/data/input.js";
import { type Device, openDevice } from "../../src/index.js";
import { compile, importOnnx, interpret, KeyHolder } from "../../src/nn/index.js";
import { type Service, type ServiceOptions, serve } from "../../src/service/index.js";

export const network = importOnnx(readFileSync(new URL("../../models/rl1-phantom.onnx", import.meta.url)));
export const plan = compile(network);
const set = phantomDataset(1, { train: 8, val: 0, test: 24 });
export const phantomPixels = (k: number) => set.image("test", k).pixels;
export const imageOf = (k: number) => imageToInput(phantomPixels(k), network.card);
export const calibration = Array.from({ length: 8 }, (_, k) =>
  imageToInput(set.image("train", k).pixels, network.card),
);
export const clear = (k: number) => interpret(network, imageOf(k));
export const commitment = "c0".repeat(32);

/** A service in a folder of its own, with the three parties' tokens, on a real socket. */
export interface Stage {
  readonly service: Service;
  readonly device: Device;
  readonly folder: string;
  /** Everything that was logged. */
  readonly log: () => string;
  readonly tokenOf: (scope: "operator" | "owner" | "hospital", tenant: string) => Promise<string>;
  readonly hospital: (tenant: string) => Promise<HospitalClient>;
  readonly owner: (tenant: string) => Promise<OwnerClient>;
  /** Ends the service and opens another in the same folder. */
  readonly restart: () => Promise<Service>;
  readonly close: () => Promise<void>;
}

export async function openStage(options: Partial<ServiceOptions> = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "blindsight-service-"));
  const masterKey = randomBytes(32);
  const lines: string[] = [];
  const log = { write: (line: string) => void lines.push(line) };
  const device = await openDevice("cpu", { threads: 1 });
  const open = () =>
    serve({ folder, masterKey: Uint8Array.from(masterKey), device: "cpu", threads: 2, log, ...options });
  let service = await open();
  const tokenOf = async (scope: "operator" | "owner" | "hospital", tenant: string) =>
    (await service.createToken(scope, tenant, 1)).token;
  return {
    get service() {
      return service;
    },
    device,
    folder,
    log: () => lines.join(""),
    tokenOf,
    hospital: async (tenant) => new HospitalClient({ url: service.url, token: await tokenOf("hospital", tenant) }),
    owner: async (tenant) => new OwnerClient({ url: service.url, token: await tokenOf("owner", tenant) }),
    async restart() {
      await service.close();
      service = await open();
      return service;
    },
    async close() {
      await service.close();
      await device.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A hospital whose key has a model. */
export async function openPair(stage: Stage, names = { hospital: "st-anna", owner: "acme" }, budget = 100) {
  const hospital = await stage.hospital(names.hospital);
  const owner = await stage.owner(names.owner);
  await owner.register(plan);
  const holder = await KeyHolder.create(plan, stage.device);
  const key = await hospital.ensureKey(holder);
  const description = { name: "rl1", version: "1", commitment, budget };
  const given = { plan, network, options: { calibration } };
  const model = await owner.give(key, holder.publicKey.fingerprint, given, description, stage.device);
  return { hospital, owner, holder, key, model };
}

/** Every file below a folder, as one text. */
export function everythingIn(folder: string): { readonly names: string[]; readonly bytes: Buffer } {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  return { names, bytes: Buffer.concat(names.map((name) => readFileSync(join(folder, name)))) };
}
