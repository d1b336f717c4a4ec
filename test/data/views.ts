import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The same bytes in every form in which a reader may be handed them: alone, as Node reads them from a file, and as a
 * Buffer and a Uint8Array that are views of something longer, at every offset modulo 8. What surrounds them is 0xee.
 */
export function viewsOf(bytes: Uint8Array): [string, Uint8Array][] {
  const folder = mkdtempSync(join(tmpdir(), "blindsight-view-"));
  try {
    writeFileSync(join(folder, "bytes"), bytes);
    const file = readFileSync(join(folder, "bytes"));
    const views: [string, Uint8Array][] = [
      ["alone", new Uint8Array(bytes)],
      ["a file's Buffer", file],
    ];
    for (let offset = 1; offset <= 8; offset++) {
      const room = new Uint8Array(bytes.length + 32).fill(0xee);
      room.set(bytes, offset);
      views.push([`a view at ${offset}`, room.subarray(offset, offset + bytes.length)]);
      views.push([`a Buffer at ${offset}`, Buffer.from(room.buffer, offset, bytes.length)]);
    }
    return views;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
