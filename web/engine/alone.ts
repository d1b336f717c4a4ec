/** All three roles in this tab: nothing is sent. */
import type { Device } from "blindsight";
import {
  type Calibration,
  type EncryptedModel,
  importOnnx,
  KeyHolder,
  ModelOwner,
  modelSize,
  type Network,
  Plan,
  Server,
} from "blindsight/nn";
import { beginningOf } from "./ciphertext.js";
import { hexOf } from "./digest.js";
import type { BroughtModel, Outcome, Progress } from "./messages.js";
import { outcomeOf } from "./outcome.js";
import { PageError } from "./page-error.js";

type Onward = (progress: Progress) => void;

/** A model's three files, read. */
export interface Brought {
  readonly entry: BroughtModel;
  readonly network: Network;
  readonly plan: Plan;
  readonly calibration: Calibration;
}

/** @param fetchBytes a file of the page by its path @throws PageError for files that are not those that the page was built with */
export async function bring(
  entry: BroughtModel,
  fetchBytes: (path: string) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Brought> {
  const [onnx, plan, calibration] = await Promise.all(
    (["onnx", "plan", "calibration.json"] as const).map(async (end) => {
      const path = `models/${entry.id}.${end}`;
      const bytes = await fetchBytes(path);
      if ((await hexOf(bytes)) === entry.sha256[end]) return bytes;
      throw new PageError("changedFile", `${path} is not the file that this page was built with`);
    }),
  );
  return {
    entry,
    network: importOnnx(onnx),
    plan: await Plan.fromBytes(plan),
    calibration: JSON.parse(new TextDecoder().decode(calibration)) as Calibration,
  };
}

/** A key and an encrypted model, made for this tab and gone with it. */
export class AloneRoles implements Disposable {
  private constructor(
    readonly brought: Brought,
    private readonly holder: KeyHolder,
    private readonly server: Server,
    private readonly model: EncryptedModel,
    private readonly device: Device,
    /** What keys and model took: told with the first answer. */
    private made: { keys: number; weights: number } | undefined,
  ) {}

  static async open(brought: Brought, device: Device, onward: Onward): Promise<AloneRoles> {
    const { plan, network, calibration } = brought;
    const begin = performance.now();
    onward({ stage: "keys", done: 0, total: 1 });
    const holder = await KeyHolder.create(plan, device);
    try {
      await device.idle();
      const keys = performance.now() - begin;
      const server = new Server(plan, device, holder.evaluationKeys);
      const total = modelSize(plan).vectors;
      const onProgress = (done: number) => onward({ stage: "weights", done, total });
      const owner = new ModelOwner(plan, holder.publicKey);
      const encrypted = owner.encrypt(network, { calibration, onProgress });
      const model = await loaded(encrypted, () => server.load(encrypted), device);
      const made = { keys, weights: performance.now() - begin - keys };
      return new AloneRoles(brought, holder, server, model, device, made);
    } catch (error) {
      holder[Symbol.dispose]();
      throw error;
    }
  }

  async diagnose(values: Float64Array, onward: Onward, signal: AbortSignal): Promise<Outcome> {
    const { plan, entry } = this.brought;
    const clock = () => performance.now();
    const begin = clock();
    onward({ stage: "encrypt", done: 0, total: 1 });
    using image = this.holder.encrypt(values);
    await this.device.idle();
    const encrypted = clock();
    const onProgress = (done: number, total: number) => onward({ stage: "compute", done, total });
    using result = await this.server.run(this.model, image, { onProgress, signal });
    await this.device.idle();
    signal.throwIfAborted();
    const computed = clock();
    onward({ stage: "decrypt", done: 0, total: 1 });
    const logits = await this.holder.decrypt(result);
    const decrypted = clock();
    const made = this.made;
    this.made = undefined;
    // Written only to be shown: after the clock has stopped.
    const bytes = await image.toBytes();
    return outcomeOf(logits, plan, {
      milliseconds: {
        ...made,
        encrypt: encrypted - begin,
        compute: computed - encrypted,
        decrypt: decrypted - computed,
      },
      bytes: {
        image: bytes.length,
        result: result.packedBytes,
        keys: this.holder.evaluationKeys.packedBytes + this.holder.publicKey.packedBytes,
        model: this.model.packedBytes,
      },
      ciphertext: beginningOf(bytes),
      model: { name: plan.card.name, version: entry.sha256.onnx.slice(0, 8), sha256: entry.sha256.onnx },
      image: await hexOf(bytes),
      key: this.holder.publicKey.fingerprint,
      sent: [],
    });
  }

  [Symbol.dispose](): void {
    this.model[Symbol.dispose]();
    this.holder[Symbol.dispose]();
  }
}

/** The server's model, when it is whole; where that fails the weights are freed. */
async function loaded(encrypted: EncryptedModel, load: () => EncryptedModel, device: Device): Promise<EncryptedModel> {
  try {
    const model = load();
    await device.idle();
    return model;
  } catch (error) {
    encrypted[Symbol.dispose]();
    throw error;
  }
}
