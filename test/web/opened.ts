/** The built page in a real Chromium, served by nginx with deploy/page.nginx.conf or by anybody's static server. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { root } from "../apps/stranger.js";
import { buildIfStale } from "../cli/blindsight.js";
import { freePort, Machine } from "../service/cluster/machines.js";

/** Builds the page into a folder of its own. */
export function buildPage(service?: string): string {
  buildIfStale();
  const folder = mkdtempSync(join(tmpdir(), "blindsight-page-"));
  const args = [join(root, "scripts/build-web.mjs"), "--out", folder, ...(service ? ["--service", service] : [])];
  execFileSync(process.execPath, args, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  return folder;
}

/** nginx with a page's server block and, where there is a service behind, that of deploy/nginx.conf. Certificates are of its own. */
export class Nginx {
  private constructor(
    private readonly machine: Machine,
    private readonly home: string,
  ) {}

  static async open(blocks: readonly (readonly [file: string, changes: readonly (readonly [string, string])[]])[]) {
    const home = mkdtempSync(join(tmpdir(), "blindsight-nginx-"));
    const [key, certificate] = [join(home, "key.pem"), join(home, "certificate.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"];
    const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    execFileSync("openssl", [...made, "-keyout", key, "-out", certificate, ...subject], { stdio: "ignore" });
    const servers = blocks.map(([file, changes]) => {
      let block = readFileSync(join(root, file), "utf8")
        .replace(/\/etc\/nginx\/blindsight\/[\w-]*certificate\.pem/, certificate)
        .replace(/\/etc\/nginx\/blindsight\/[\w-]*key\.pem/, key);
      for (const [from, to] of changes) {
        if (!block.includes(from)) throw new Error(`${file} has no ${from}`);
        block = block.replaceAll(from, to);
      }
      return block;
    });
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${home}/${name};`,
    );
    const types = "include /etc/nginx/mime.types; default_type application/octet-stream; access_log off;";
    const http = `http { ${types} ${paths.join(" ")}\n${servers.join("\n")}\n}`;
    writeFileSync(join(home, "nginx.conf"), `daemon off; pid ${home}/pid; error_log stderr notice; events {}\n${http}`);
    const env = { PATH: `${process.env["PATH"]}:/usr/sbin` };
    const args = ["-p", home, "-c", join(home, "nginx.conf")];
    return new Nginx(await Machine.start("nginx", args, env, /start worker process/), home);
  }

  async close(): Promise<void> {
    await this.machine.end("SIGTERM");
    rmSync(this.home, { recursive: true, force: true });
  }
}

export { freePort };

/** The button that asks, when it can be pressed. */
export const ASK = 'button.primary[aria-disabled="false"]';

/** A page that was opened, and everything that it did not want to say. */
export class Opened {
  /** Errors of scripts, refusals of the policy and requests that failed. */
  readonly complaints: string[] = [];
  /** Every address that was asked, by page and workers. */
  readonly asked: string[] = [];

  private constructor(
    private readonly browser: Browser,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
    context.on("request", (request) => this.asked.push(request.url()));
  }

  static async at(url: string, options: { readonly locale?: string } = {}): Promise<Opened> {
    // For the whole browser: Playwright's own switch comes too late for a worker that a worker starts, about once in thirty times.
    const args = ["--no-sandbox", "--ignore-certificate-errors"];
    const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args });
    const context = await browser.newContext({ locale: options.locale ?? "en-US" });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const opened = new Opened(browser, context, page);
    await page.goto(url);
    return opened;
  }

  /** Drops a file where a user would. */
  async drop(name: string, bytes: Uint8Array): Promise<void> {
    const base64 = Buffer.from(bytes).toString("base64");
    const transfer = await this.page.evaluateHandle(
      ([title, text]) => {
        const data = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
        const made = new DataTransfer();
        made.items.add(new File([data], title));
        return made;
      },
      [name, base64] as const,
    );
    await this.page.locator(".drop").dispatchEvent("drop", { dataTransfer: transfer });
  }

  /** Asks, and waits for the verdict. */
  async verdict(): Promise<string> {
    await this.page.locator(ASK).click();
    return (await this.page.locator(".verdict").innerText()).trim();
  }

  /** What the page says of a score, by its class. */
  async scores(): Promise<number[]> {
    return (await this.page.locator(".scores dd span").allInnerTexts()).map(Number);
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}
