/** The page and a service of its own, both behind nginx, with a proxy between them that can deviate. */
import { rmSync } from "node:fs";
import type { Locator } from "playwright-core";
import { writePng } from "../data/png-bytes.js";
import { calibration, commitment, network, openStage, phantomPixels, plan, type Stage } from "../service/stage.js";
import { Between } from "./between.js";
import { buildPage, freePort, Nginx, Opened } from "./opened.js";

export const PASSPHRASE = "correct horse battery staple";

/** A phantom's file. */
export function pngOf(k: number): Uint8Array {
  return writePng({ width: 28, height: 28, depth: 8, colourType: 0, interlaced: false, samples: phantomPixels(k) });
}

export class HospitalPage {
  private constructor(
    readonly stage: Stage,
    readonly between: Between,
    readonly opened: Opened,
    readonly token: string,
    private readonly nginx: Nginx,
    private readonly folder: string,
  ) {}

  static async open(): Promise<HospitalPage> {
    const [port, servicePort] = [await freePort(), await freePort()];
    const url = `https://localhost:${port}/`;
    const service = `https://localhost:${servicePort}`;
    const folder = buildPage(service);
    const stage = await openStage({ origins: [new URL(url).origin] });
    const between = await Between.open(() => stage.service.url);
    const nginx = await Nginx.open([
      [
        "deploy/page.nginx.conf",
        [
          ["listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`],
          ["server_name page.hospital.example;", "server_name localhost;"],
          ["/srv/blindsight-page", folder],
          ["https://blindsight.example", service],
        ],
      ],
      [
        "deploy/nginx.conf",
        [
          ["listen 443 ssl;", `listen 127.0.0.1:${servicePort} ssl;`],
          ["server_name blindsight.example;", "server_name localhost;"],
          ["http://127.0.0.1:8080", between.url],
        ],
      ],
    ]);
    await (await stage.owner("acme")).register(plan);
    const token = await stage.tokenOf("hospital", "st-anna");
    return new HospitalPage(stage, between, await Opened.at(url), token, nginx, folder);
  }

  async close(): Promise<void> {
    await this.opened.close();
    await this.nginx.close();
    this.between.close();
    await this.stage.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  byLabel(label: string): Locator {
    return this.opened.page.getByLabel(label, { exact: true });
  }

  press(name: string): Promise<void> {
    return this.opened.page.getByRole("button", { name, exact: true }).click();
  }

  text(selector: string): Promise<string> {
    return this.opened.page.locator(selector).innerText();
  }

  async connect(): Promise<void> {
    await this.opened.page.getByText("By a service").click();
    await this.byLabel("Access token").fill(this.token);
    await this.press("Connect");
    await this.opened.page.locator("summary", { hasText: "Make a new key" }).waitFor();
  }

  /** @param again what is typed the second time */
  async makeKey(again = PASSPHRASE): Promise<void> {
    await this.byLabel("Name").first().fill("radiology 2026");
    await this.byLabel("Passphrase").first().fill(PASSPHRASE);
    await this.byLabel("The same passphrase again").fill(again);
    await this.press("Make a new key");
  }

  async unlock(): Promise<void> {
    await this.opened.page.locator(".keys .inline input").fill(PASSPHRASE);
    await this.press("Open");
    await this.opened.page.locator(".open").waitFor();
  }

  /** The owner's part: a model for the key of this id. */
  async give(fingerprint: string): Promise<void> {
    const owner = await this.stage.owner("acme");
    const [key] = await owner.keys();
    const description = { name: "rl1", version: "7", commitment, budget: 20 };
    await owner.give(key, fingerprint, { plan, network, options: { calibration } }, description, this.stage.device);
  }

  /** From the first page to a model under an open key. */
  async prepare(): Promise<void> {
    const { page } = this.opened;
    await this.connect();
    await page.locator("summary", { hasText: "Make a new key" }).click();
    await this.makeKey();
    await page.locator(".keys li").waitFor();
    await this.unlock();
    await this.press("Send the public parts");
    await page.getByText("No model is encrypted for this key yet.").waitFor();
    await this.give((await this.text(".keys .hash")).replaceAll(" ", ""));
    await this.press("Look again");
    await page.locator(".open select").waitFor();
  }
}
