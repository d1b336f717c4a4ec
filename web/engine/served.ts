/** The hospital's side of a service: its key, open in this tab, and what it asks. */
import type { Device } from "blindsight";
import { HospitalClient, type ModelState } from "blindsight/client";
import { KeyHolder, Plan } from "blindsight/nn";
import { beginningOf } from "./ciphertext.js";
import type { KeyShelf } from "./keys.js";
import type { KeyStanding, Outcome, Progress, ServedPlan, StoredKey } from "./messages.js";
import { cardOf, outcomeOf } from "./outcome.js";
import { PageError } from "./page-error.js";
import { Recording } from "./recording.js";

type Onward = (progress: Progress) => void;

export class ServedRoles implements Disposable {
  readonly #client: HospitalClient;
  private readonly recording = new Recording();
  private holder: KeyHolder | undefined;
  private models: readonly ModelState[] = [];

  constructor(
    url: string,
    token: string,
    private readonly device: Device,
    private readonly shelf: KeyShelf,
  ) {
    this.#client = new HospitalClient({ url, token, fetch: this.recording.fetch });
  }

  /** The plan of the open key. */
  get plan(): Plan | undefined {
    return this.holder?.plan;
  }

  async plans(): Promise<ServedPlan[]> {
    const plans = await this.#client.plans();
    return plans.flatMap(({ id, name, obsoleteBy }) => (obsoleteBy === undefined ? [{ id, name }] : []));
  }

  /** Makes a key for a plan and stores it wrapped; the key itself is gone until it is unlocked. */
  async makeKey(planId: string, name: string, passphrase: string, onward: Onward): Promise<StoredKey> {
    const plan = await this.#client.plan(planId);
    onward({ stage: "keys", done: 0, total: 1 });
    using holder = await KeyHolder.create(plan, this.device);
    return await this.keep(holder, name, await holder.toWrappedBytes(passphrase));
  }

  /** Takes the file of a wrapped key, of this page or of `blindsight keygen --passphrase`. @throws as KeyHolder.fromWrappedBytes */
  async importKey(wrapped: Uint8Array<ArrayBuffer>, name: string, passphrase: string): Promise<StoredKey> {
    const { plan: planId } = await KeyHolder.wrappedSays(wrapped);
    if (planId === undefined) throw new PageError("oldKey", "this key's file is of an older version and names no plan");
    const plan = await this.#client.plan(planId);
    using holder = await KeyHolder.fromWrappedBytes(wrapped, passphrase, plan, this.device);
    return await this.keep(holder, name, wrapped);
  }

  private async keep(holder: KeyHolder, name: string, wrapped: Uint8Array<ArrayBuffer>): Promise<StoredKey> {
    const { fingerprint } = holder.publicKey;
    const stored = { fingerprint, plan: holder.plan.identity, name, created: Date.now() };
    await this.shelf.put({ ...stored, wrapped, planFile: await holder.plan.toBytes() });
    return stored;
  }

  async unlock(fingerprint: string, passphrase: string): Promise<KeyStanding> {
    this.lock();
    const { wrapped, planFile } = await this.shelf.get(fingerprint);
    // What lies in the browser's store may have been changed: the key's file authenticates the plan's identity.
    const plan = await Plan.fromBytes(planFile);
    const holder = await KeyHolder.fromWrappedBytes(wrapped, passphrase, plan, this.device);
    if (holder.publicKey.fingerprint !== fingerprint) {
      holder[Symbol.dispose]();
      throw new PageError("keySwapped", "another key is stored under this one's id");
    }
    this.holder = holder;
    return this.standing();
  }

  lock(): void {
    this.holder?.[Symbol.dispose]();
    this.holder = undefined;
    this.models = [];
  }

  async standing(): Promise<KeyStanding> {
    const { publicKey, plan } = this.open;
    const { fingerprint } = publicKey;
    const isOwn = (each: { fingerprint: string; plan: string }) =>
      each.fingerprint === fingerprint && each.plan === plan.identity;
    const known = (await this.#client.keys()).some(isOwn);
    this.models = (await this.#client.models()).filter((model) => isOwn(model) && !model.revoked);
    const models = [...this.models]
      .sort((a, b) => b.created - a.created)
      .map(({ id, owner, name, version, budget, used }) => ({ id, owner, name, version, left: budget - used }));
    return { fingerprint, card: cardOf(plan.card), known, models };
  }

  async register(onward: Onward): Promise<KeyStanding> {
    onward({ stage: "keys", done: 0, total: 1 });
    const onUpload = (done: number, total: number) => onward({ stage: "upload", done, total });
    await this.#client.ensureKey(this.open, { onUpload });
    return this.standing();
  }

  /**
   * Nothing is asked of the service when the result is there, whatever came of its decryption: that would tell it (SECURITY.md).
   */
  async diagnose(modelId: string, values: Float64Array, onward: Onward): Promise<Outcome> {
    const holder = this.open;
    const model = this.models.find(({ id }) => id === modelId);
    if (!model) throw new PageError("noModel", "this model is not under the key that is open");
    this.recording.start();
    const begin = performance.now();
    onward({ stage: "encrypt", done: 0, total: 1 });
    const diagnosis = await this.#client.diagnose(holder, this.device, model, values, {
      onUpload: (done, total) => onward({ stage: "upload", done, total }),
      onProgress: (done, total) => onward({ stage: "compute", done, total }),
    });
    const { sent, image = new Uint8Array(0) } = this.recording;
    const sum = (what: string, bytes: "sentBytes" | "receivedBytes") =>
      sent.reduce((all, each) => all + (each.what === what ? each[bytes] : 0), 0);
    return outcomeOf(diagnosis.logits, holder.plan, {
      milliseconds: { compute: performance.now() - begin },
      bytes: { image: sum("image", "sentBytes"), result: sum("answer", "receivedBytes"), keys: 0, model: model.bytes },
      ciphertext: beginningOf(image),
      model: { name: model.name, version: model.version, sha256: model.sha256, owner: model.owner },
      image: diagnosis.image,
      key: holder.publicKey.fingerprint,
      sent,
    });
  }

  private get open(): KeyHolder {
    if (this.holder) return this.holder;
    throw new PageError("locked", "no key is open");
  }

  [Symbol.dispose](): void {
    this.lock();
  }
}
