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
    this.device = await openDevice("auto", {
      workerUrl: new URL(workerUrl, self.location.href).href,
    });
    return { device: this.device.describe(), isolated: self.crossOriginIsolated };
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

  async diagnoseAlone(model: string, serial: number): Promise<Outcome> {
    const { brought } = this;
    if (brought?.entry.id !== model) throw new PageError("noModel", "this model was not chosen");
    const values = this.valuesFor(brought.plan.card, serial);
    this.running = new AbortController();
    this.alone ??= await AloneRoles.open(brought, this.opened.device, this.onward);
    return this.alone.diagnose(values, this.onward, this.running.signal);
  }

  /** Ends what is under way, at its next step; with `lock` the open key is wiped at once. Not a call: it comes past them. */
  interrupt(lock: boolean): void {
    this.running.abort(new PageError("stopped", "the user stopped it"));
    this.served?.end();
    if (!lock) return;
    this.served?.lock();
    this.seen = undefined;
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
    this.served = served;
    return this.withService(() => served.plans());
  }

  async disconnect(): Promise<void> {
    this.served?.[Symbol.dispose]();
    this.served = undefined;
  }

  makeKey(plan: string, name: string, passphrase: string): Promise<StoredKey> {
    return this.withService((served) => served.makeKey(plan, name, passphrase, this.onward));
  }

  importKey(bytes: Uint8Array<ArrayBuffer>, name: string, passphrase: string): Promise<StoredKey> {
    return this.withService((served) => served.importKey(bytes, name, passphrase));
  }

  async exportKey(fingerprint: string): Promise<Uint8Array<ArrayBuffer>> {
    return (await (await this.shelf()).get(fingerprint)).wrapped;
  }

  async markSaved(fingerprint: string): Promise<void> {
    await (await this.shelf()).markSaved(fingerprint);
  }

  async forgetKey(fingerprint: string): Promise<void> {
    await (await this.shelf()).remove(fingerprint);
  }

  unlock(fingerprint: string, passphrase: string): Promise<KeyStanding> {
    return this.withService((served) => served.unlock(fingerprint, passphrase));
  }

  standing(): Promise<KeyStanding> {
    return this.withService((served) => served.standing());
  }

  register(): Promise<KeyStanding> {
    return this.withService((served) => served.register(this.onward));
  }

  diagnoseServed(model: string, serial: number): Promise<Outcome> {
    return this.withService(async (served) => {
      if (!served.plan) throw new PageError("locked", "no key is open");
      this.running = new AbortController();
      const values = this.valuesFor(served.plan.card, serial);
      return served.diagnose(model, values, this.onward, this.running.signal);
    });
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
    if (!config || !device) throw new PageError("engineDied", "the engine did not start");
    return { config, device };
  }

  /** Opened when it is first asked for: alone nothing is stored, and a browser may refuse to. */
  private shelf(): Promise<KeyShelf> {
    const forget = () => {
      this.opening = undefined;
    };
    this.opening ??= KeyShelf.open(forget);
    // Another try may find room.
    this.opening.catch(forget);
    return this.opening;
  }

  /** Asks the service something. @throws PageError where there is no connection, or where the page itself ended a request */
  private async withService<T>(ask: (served: ServedRoles) => Promise<T>): Promise<T> {
    const { served } = this;
    if (!served) throw new PageError("notConnected", "there is no connection to the service");
    served.begin();
    try {
      return await ask(served);
    } catch (error) {
      throw served.fault ?? error;
    }
  }

  private async file(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const response = await fetch(new URL(path, this.base));
    if (!response.ok)
      throw new PageError("missingFile", `${path} is missing on this page's server (${response.status})`);
    return new Uint8Array(await response.arrayBuffer());
  }
}
