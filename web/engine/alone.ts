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
import type { BroughtModel, Progress } from "./messages.js";
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

/** @param fetchBytes a file of the page by its path @throws Error for files that are not those that the page was built with */
export async function bring(
  entry: BroughtModel,
  fetchBytes: (path: string) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Brought> {
  const [onnx, plan, calibration] = await Promise.all(
    ["onnx", "plan", "calibration.json"].map((end) => fetchBytes(`models/${entry.id}.${end}`)),
  );
  if ((await hexOf(onnx)) !== entry.sha256) {
    throw new PageError("changedFile", `models/${entry.id}.onnx is not the file that this page was built with`);
  }
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
      const model = server.load(owner.encrypt(network, { calibration, onProgress }));
      await device.idle();
      const made = { keys, weights: performance.now() - begin - keys };
      return new AloneRoles(brought, holder, server, model, device, made);
    } catch (error) {
      holder[Symbol.dispose]();
      throw error;
    }
  }

  async diagnose(values: Float64Array, onward: Onward) {
    const { plan, entry } = this.brought;
    const clock = () => performance.now();
    const begin = clock();
    onward({ stage: "encrypt", done: 0, total: 1 });
    using image = this.holder.encrypt(values);
    await this.device.idle();
    const encrypted = clock();
    const onProgress = (done: number, total: number) => onward({ stage: "compute", done, total });
    using result = await this.server.run(this.model, image, { onProgress });
    await this.device.idle();
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
      model: { name: plan.card.name, version: entry.sha256.slice(0, 8), sha256: entry.sha256 },
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
