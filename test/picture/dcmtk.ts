import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasProgram } from "../programs.js";

/** Where pydicom's test files lie; undefined where they are not there. */
export const dicomFolder = process.env["BLINDSIGHT_DATA"] && join(process.env["BLINDSIGHT_DATA"], "dicom");

export function hasDcmtk(): boolean {
  return hasProgram("dcmcjpeg");
}

export function hasFiles(): boolean {
  if (!dicomFolder) console.log("skipped: BLINDSIGHT_DATA is not set");
  return dicomFolder !== undefined;
}

/** A folder of files that dcmtk's programs make of each other. */
export class Dcmtk {
  readonly folder = mkdtempSync(join(tmpdir(), "blindsight-dicom-"));
  private made = 0;

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** `program ...options from NEW`, and NEW. */
  make(program: string, from: string, ...options: string[]): string {
    const to = this.path("dcm");
    run(program, ...options, from, to);
    return to;
  }

  /** A copy with attributes changed or added: "(0028,1050)=40", or a tag alone, to take it away. */
  modify(from: string, ...changes: string[]): string {
    const to = this.path("dcm");
    copyFileSync(from, to);
    const options = changes.flatMap((change) => (change.includes("=") ? ["-i", change] : ["-ea", change]));
    run("dcmodify", "-nb", ...options, to);
    return to;
  }

  path(ending: string): string {
    return join(this.folder, `${this.made++}.${ending}`);
  }

  /** A file's own pixels as words, of all frames, uncompressed by dcmtk where they are compressed. */
  words(file: string, bits: 8 | 16 = 16): Uint8Array | Uint16Array {
    const folder = this.path("raw");
    mkdirSync(folder);
    run("dcmdump", "-q", "+W", folder, file);
    const [name] = readdirSync(folder).filter((each) => each.endsWith(".raw"));
    const bytes = Uint8Array.from(readFileSync(join(folder, name)));
    return bits === 8 ? bytes : new Uint16Array(bytes.buffer);
  }

  /** What dcmtk shows, as greys or colours of 0..255 from its PNM of 16 bits, or of 8. */
  rendered(file: string, bits: 8 | 16, ...options: string[]): number[] {
    const to = this.path("pnm");
    run("dcmj2pnm", "-q", ...options, bits === 16 ? "+opw" : "+opb", file, to);
    const [magic, ...numbers] = readFileSync(to, "latin1").replace(/#.*/g, "").split(/\s+/).filter(Boolean);
    const [, , most, ...values] = numbers.map(Number);
    if (magic !== "P2" && magic !== "P3") throw new Error(`${magic} is no ASCII PNM`);
    return values.map((value) => (255 * value) / most);
  }
}

export function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"] });
}

export function bytesOf(file: string): Uint8Array {
  return Uint8Array.from(readFileSync(file));
}
