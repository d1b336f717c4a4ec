/** The hospital's side of a service: its key, open in this tab, and what it asks. */
import type { Device } from "blindsight";
import { HospitalClient, type ModelState } from "blindsight/client";
import { KeyHolder, Plan } from "blindsight/nn";
import { beginningOf } from "./ciphertext.js";
import type { KeyShelf } from "./keys.js";
import type { KeyStanding, Outcome, Progress, ServedPlan, StoredKey } from "./messages.js";
import { outcomeOf, plainText } from "./outcome.js";
import { PageError } from "./page-error.js";
import { Recording } from "./recording.js";

type Onward = (progress: Progress) => void;

export class ServedRoles implements Disposable {
  readonly #client: HospitalClient;
  private readonly recording = new Recording();
  private holder: KeyHolder | undefined;
  private models: readonly ModelState[] = [];
  /** Raised when the key is wiped: what was under way for it then comes to nothing. */
  private locks = 0;

  constructor(
    url: string,
    token: string,
    private readonly device: Device,
    private readonly shelf: () => Promise<KeyShelf>,
  ) {
    this.#client = new HospitalClient({ url, token, fetch: this.recording.fetch });
  }

  /** A call begins. */
  begin(): void {
    this.recording.begin();
  }

  /** Ends what is under way. */
  end(): void {
    this.recording.end();
  }

  /** Why the page itself ended a request. */
  get fault(): PageError | undefined {
    return this.recording.fault;
  }

  /** The plan of the open key. */
  get plan(): Plan | undefined {
    return this.holder?.plan;
  }

  async plans(): Promise<ServedPlan[]> {
    const plans = (await this.#client.plans()).slice(0, MOST_LISTED);
    return plans.flatMap(({ id, name, obsoleteBy }) =>
      obsoleteBy === undefined ? [{ id, name: plainText(name) }] : [],
    );
  }

  /** Makes a key for a plan and stores it wrapped; the key itself is gone until it is unlocked. */
  async makeKey(planId: string, name: string, passphrase: string, onward: Onward): Promise<StoredKey> {
    const plan = await this.planOf(planId);
    onward({ stage: "keys", done: 0, total: 1 });
    using holder = await KeyHolder.create(plan, this.device);
    return await this.keep(holder, { name, wrapped: await holder.toWrappedBytes(passphrase), saved: false });
  }

  /** Takes the file of a wrapped key, of this page or of `blindsight keygen --passphrase`. @throws as KeyHolder.fromWrappedBytes */
  async importKey(wrapped: Uint8Array<ArrayBuffer>, name: string, passphrase: string): Promise<StoredKey> {
    const { plan: planId } = await KeyHolder.wrappedSays(wrapped);
    if (planId === undefined) throw new PageError("oldKey", "this key's file is of an older version and names no plan");
    const plan = await this.planOf(planId);
    using holder = await KeyHolder.fromWrappedBytes(wrapped, passphrase, plan, this.device);
    return await this.keep(holder, { name, wrapped, saved: true });
  }

  /** @throws PageError for bytes that are no plan, or one that no page can use */
  private async planOf(id: string): Promise<Plan> {
    const plan = await this.#client.plan(id).catch((error: unknown) => {
      if (!(error instanceof Error) || error.name !== "FormatError") throw error;
      throw new PageError("badPlan", error.message);
    });
    requireUsable(plan);
    return plan;
  }

  private async keep(
    holder: KeyHolder,
    made: { readonly name: string; readonly wrapped: Uint8Array<ArrayBuffer>; readonly saved: boolean },
  ): Promise<StoredKey> {
    const { name, wrapped, saved } = made;
    const { fingerprint } = holder.publicKey;
    const stored = { fingerprint, plan: holder.plan.identity, name, created: Date.now(), saved };
    await (await this.shelf()).put({ ...stored, wrapped, planFile: await holder.plan.toBytes() });
    return stored;
  }

  async unlock(fingerprint: string, passphrase: string): Promise<KeyStanding> {
    this.lock();
    const own = this.locks;
    const { wrapped, planFile } = await (await this.shelf()).get(fingerprint);
    // What lies in the browser's store may have been changed: the key's file authenticates the plan's identity.
    const plan = await Plan.fromBytes(planFile).catch((error: unknown) => {
      throw new PageError("keySwapped", `${error}`);
    });
    const holder = await KeyHolder.fromWrappedBytes(wrapped, passphrase, plan, this.device);
    if (holder.publicKey.fingerprint !== fingerprint || own !== this.locks) {
      holder[Symbol.dispose]();
      if (own !== this.locks) throw new PageError("stopped", "the key was locked meanwhile");
      throw new PageError("keySwapped", "another key is stored under this one's id");
    }
    this.holder = holder;
    try {
      return await this.standing();
    } catch (error) {
      if (own === this.locks) this.lock(); // whoever sees an error sees no open key
      throw error;
    }
  }

  lock(): void {
    this.locks++;
    this.holder?.[Symbol.dispose]();
    this.holder = undefined;
    this.models = [];
  }

  async standing(): Promise<KeyStanding> {
    const { publicKey, plan } = this.open;
    const { fingerprint } = publicKey;
    const own = this.locks;
    const isOwn = (each: { fingerprint: string; plan: string }) =>
      each.fingerprint === fingerprint && each.plan === plan.identity;
    const known = (await this.#client.keys()).some(isOwn);
    const found = (await this.#client.models()).filter((model) => isOwn(model) && !model.revoked);
    if (own !== this.locks) throw new PageError("stopped", "the key was locked meanwhile");
    this.models = found.sort((a, b) => b.created - a.created).slice(0, MOST_LISTED);
    const models = this.models.map(({ id, owner, name, version, budget, used }) => ({
      id,
      owner: plainText(owner),
      name: plainText(name),
      version: plainText(version),
      left: Math.max(0, budget - used),
    }));
    return { fingerprint, known, keyBytes: plan.evaluationKeyBytes, sent: [], models };
  }

  async register(onward: Onward): Promise<KeyStanding> {
    onward({ stage: "keys", done: 0, total: 1 });
    const onUpload = (done: number, total: number) => onward({ stage: "upload", done, total });
    this.recording.start();
    await this.#client.ensureKey(this.open, { onUpload });
    const { sent } = this.recording;
    return { ...(await this.standing()), sent };
  }

  /**
   * Nothing is asked of the service when the result is there, whatever came of its decryption: that would tell it (SECURITY.md). All
   * refusals from then on are one, which says not to ask again: a second question would tell it, too.
   */
  async diagnose(modelId: string, values: Float64Array, onward: Onward, signal: AbortSignal): Promise<Outcome> {
    const holder = this.open;
    const model = this.models.find(({ id }) => id === modelId);
    if (!model) throw new PageError("noModel", "this model is not under the key that is open");
    this.recording.start();
    const begin = performance.now();
    onward({ stage: "encrypt", done: 0, total: 1 });
    const asked = {
      signal,
      onUpload: (done: number, total: number) => onward({ stage: "upload", done, total }),
      onProgress: (done: number, total: number) => onward({ stage: "compute", done, total }),
    };
    const diagnosis = await this.#client.diagnose(holder, this.device, model, values, asked).catch((error: unknown) => {
      if (!this.recording.answered || (signal.aborted && error === signal.reason)) throw error;
      // One text for all: what differs would be passed on.
      throw new PageError("answerRefused", "the answer cannot be used");
    });
    const { sent, image = new Uint8Array(0) } = this.recording;
    const sum = (what: string, bytes: "sentBytes" | "receivedBytes") =>
      sent.reduce((all, each) => all + (each.what === what ? each[bytes] : 0), 0);
    return outcomeOf(diagnosis.logits, holder.plan, {
      milliseconds: { compute: performance.now() - begin },
      bytes: { image: sum("image", "sentBytes"), result: sum("answer", "receivedBytes"), keys: 0, model: model.bytes },
      ciphertext: beginningOf(image),
      model: {
        name: plainText(model.name),
        version: plainText(model.version),
        sha256: model.sha256,
        owner: plainText(model.owner),
      },
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

/** Plans and models that are shown. */
const MOST_LISTED = 200;
/** Of evaluation keys: what a tab has room for. */
const MOST_KEY_BYTES = 2 ** 29;

/** @throws PageError for a plan that no page can use: of no pictures, or with keys beyond a tab's memory */
function requireUsable({ program, evaluationKeyBytes, images }: Plan): void {
  const [channels, ...extents] = program.input;
  if (extents.length !== 2 || (channels !== 1 && channels !== 3) || images !== 1) {
    throw new PageError("noPicturePlan", `the plan takes ${program.input.join("×")} values`);
  }
  if (evaluationKeyBytes <= MOST_KEY_BYTES) return;
  throw new PageError("tooLarge", `the plan asks for evaluation keys of ${evaluationKeyBytes} bytes`);
}
