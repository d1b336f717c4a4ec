import { type Device, openDevice } from "blindsight";
import workerUrl from "blindsight/worker?url&no-inline";
import { AloneRoles, type Brought, bring } from "./alone.js";
import { KeyShelf } from "./keys.js";
import { look, type Seeing } from "./looking.js";
import type {
  Card,
  Computing,
  Engine,
  KeyStanding,
  Mode,
  Outcome,
  PageConfig,
  Preview,
  Progress,
  ServedPlan,
  StoredKey,
} from "./messages.js";
import { cardOf } from "./outcome.js";
import { PageError } from "./page-error.js";
import { ServedRoles } from "./served.js";

/** What the worker runs. Calls come one after the other. */
export class PageEngine implements Engine {
  onProgress: (progress: Progress) => void = () => {};
  private config: PageConfig | undefined;
  private base = "";
  private device: Device | undefined;
  private opening: Promise<KeyShelf> | undefined;
  private running = new AbortController();
  private brought: Brought | undefined;
  private alone: AloneRoles | undefined;
  private served: ServedRoles | undefined;
  /** The last picture that was looked at, and whose values it was turned into. */
  private seen: { readonly values: Float64Array; readonly by: Seeing; readonly serial: number } | undefined;
  private serial = 0;
  private readonly onward = (progress: Progress) => this.onProgress(progress);

  async open(config: PageConfig, base: string): Promise<Computing> {
    this.config = config;
    this.base = base;
    let fallback: string | undefined;
    this.device = await openDevice("auto", {
      workerUrl: new URL(workerUrl, self.location.href).href,
      onFallback: (reason) => {
        fallback = reason.message;
      },
    });
    const { crossOriginIsolated: isolated } = self;
    return { device: this.device.describe(), isolated, ...(fallback !== undefined && { fallback }) };
  }

  async choose(id: string): Promise<Card> {
    const entry = this.opened.config.models.find((model) => model.id === id);
    if (!entry) throw new PageError("noModel", `this page has no model ${id}`);
    if (this.brought?.entry.id !== id) {
      this.onward({ stage: "files", done: 0, total: 1 });
      this.brought = await bring(entry, (path) => this.file(path));
      this.alone?.[Symbol.dispose]();
      this.alone = undefined;
    }
    const { card, program } = this.brought.plan;
    return cardOf(card, program.classes);
  }

  async look(mode: Mode, bytes: Uint8Array<ArrayBuffer>, name: string, frame?: number): Promise<Preview> {
    this.seen = undefined;
    const by = this.seeing(mode);
    const { values, preview } = await look(bytes, name, by, frame);
    const serial = ++this.serial;
    this.seen = { values, by, serial };
    return { ...preview, serial };
  }

  async diagnoseAlone(serial: number): Promise<Outcome> {
    const { brought } = this;
    if (!brought) throw new PageError("noModel", "no model was chosen");
    const values = this.valuesFor(brought.plan.card, serial);
    this.running = new AbortController();
    this.alone ??= await AloneRoles.open(brought, this.opened.device, this.onward);
    return this.alone.diagnose(values, this.onward, this.running.signal);
  }

  /** Ends a diagnosis that is under way. */
  stop(): void {
    this.running.abort(new PageError("stopped", "the user stopped it"));
  }

  async storedKeys(): Promise<readonly StoredKey[]> {
    return (await this.shelf()).all();
  }

  async connect(token: string): Promise<readonly ServedPlan[]> {
    const { config, device } = this.opened;
    if (config.service === null) throw new PageError("noService", "this page was built without a service");
    this.served?.[Symbol.dispose]();
    this.served = undefined;
    const served = new ServedRoles(config.service, token, device, () => this.shelf());
    const plans = await served.plans();
    this.served = served;
    return plans;
  }

  async disconnect(): Promise<void> {
    this.served?.[Symbol.dispose]();
    this.served = undefined;
  }

  makeKey(plan: string, name: string, passphrase: string): Promise<StoredKey> {
    return this.connected.makeKey(plan, name, passphrase, this.onward);
  }

  importKey(bytes: Uint8Array<ArrayBuffer>, name: string, passphrase: string): Promise<StoredKey> {
    return this.connected.importKey(bytes, name, passphrase);
  }

  async exportKey(fingerprint: string): Promise<Uint8Array<ArrayBuffer>> {
    const shelf = await this.shelf();
    const kept = await shelf.get(fingerprint);
    await shelf.put({ ...kept, saved: true });
    return kept.wrapped;
  }

  async forgetKey(fingerprint: string): Promise<void> {
    await (await this.shelf()).remove(fingerprint);
  }

  unlock(fingerprint: string, passphrase: string): Promise<KeyStanding> {
    return this.connected.unlock(fingerprint, passphrase);
  }

  async lock(): Promise<void> {
    this.served?.lock();
    this.seen = undefined;
  }

  standing(): Promise<KeyStanding> {
    return this.connected.standing();
  }

  register(): Promise<KeyStanding> {
    return this.connected.register(this.onward);
  }

  async diagnoseServed(model: string, serial: number): Promise<Outcome> {
    const { connected } = this;
    if (!connected.plan) throw new PageError("locked", "no key is open");
    this.running = new AbortController();
    const values = this.valuesFor(connected.plan.card, serial);
    return connected.diagnose(model, values, this.onward, this.running.signal);
  }

  private seeing(mode: Mode): Seeing {
    const plan = mode === "alone" ? this.brought?.plan : this.served?.plan;
    if (!plan) throw new PageError("noModel", "choose a model, or open a key, before the picture");
    return { input: plan.program.input, card: plan.card };
  }

  /** @throws Error where the picture was prepared for another network: it may have other units */
  private valuesFor(card: Seeing["card"], serial: number): Float64Array {
    if (this.seen?.by.card === card && this.seen.serial === serial) return this.seen.values;
    throw new PageError("noPicture", "choose a picture first");
  }

  private get opened() {
    const { config, device } = this;
    if (!config || !device) throw new PageError("notConnected", "the engine is not open");
    return { config, device };
  }

  /** Opened when it is first asked for: alone nothing is stored, and a browser may refuse to. */
  private shelf(): Promise<KeyShelf> {
    this.opening ??= KeyShelf.open();
    return this.opening;
  }

  private get connected(): ServedRoles {
    if (this.served) return this.served;
    throw new PageError("notConnected", "there is no connection to the service");
  }

  private async file(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const response = await fetch(new URL(path, this.base));
    if (!response.ok)
      throw new PageError("missingFile", `${path} is missing on this page's server (${response.status})`);
    return new Uint8Array(await response.arrayBuffer());
  }
}
