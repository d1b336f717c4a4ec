/** Reads one file in a process of its own, and says what it took. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { BlindsightError } from "../../src/errors.js";
import { readPicture } from "../../src/picture/index.js";

export interface Answer {
  /** Undefined where it is a picture. */
  readonly error?: { readonly message: string; readonly isNamed: boolean };
  readonly pixels: number;
  /** Resident bytes at the most, beyond those before. */
  readonly took: number;
}

const [path, warm] = process.argv.slice(2);
const bytes = Uint8Array.from(readFileSync(path));
// What is loaded once is not what the file takes.
await answer(Uint8Array.from(readFileSync(warm)));
const before = peak(true);
const { error, pixels } = await answer(bytes);
process.send?.({ error, pixels, took: peak() - before } satisfies Answer);

/**
 * Resident bytes at the most, from the last call with `anew` on. getrusage's maxRSS will not do on Linux: a process begins with
 * the one of whoever started it.
 */
function peak(anew = false): number {
  // Both in kilobytes.
  if (!existsSync("/proc/self/clear_refs")) return process.resourceUsage().maxRSS * 1024;
  if (anew) writeFileSync("/proc/self/clear_refs", "5");
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "latin1"))![1]) * 1024;
}

async function answer(file: Uint8Array): Promise<Omit<Answer, "took">> {
  try {
    const { picture } = await readPicture(file, { frame: 1 });
    const pixels = picture.width * picture.height;
    for (let pixel = 0; pixel < Math.min(pixels, 4096); pixel++) {
      const value = picture.grey(pixel);
      if (!(value >= 0 && value <= 255 + 1e-9)) throw new Error(`a grey is ${value}`);
    }
    return { pixels };
  } catch (thrown) {
    return {
      error: { message: (thrown as Error).message, isNamed: thrown instanceof BlindsightError },
      pixels: 0,
    };
  }
}
