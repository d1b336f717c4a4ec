import { FormatError } from "../errors.js";
import { type NpyArray, parseNpy } from "./npy.js";
import { openZip } from "./zip.js";

export interface Npz {
  /** Names of the arrays, without ".npy". */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Unpacks and checks one array. @throws FormatError naming the file, the array and the field. */
  read(name: string): NpyArray;
}

/**
 * Opens numpy's npz format, of `numpy.savez` (stored) or `numpy.savez_compressed`: a zip archive of .npy files. Only the
 * arrays that are read are unpacked, each to at most `mostUnpacked` bytes.
 * @param file what to call the file in errors.
 * @throws FormatError when the archive is damaged.
 */
export function openNpz(bytes: Uint8Array, file: string): Npz {
  const archive = openZip(bytes, file);
  const names = archive.names.filter((name) => name.endsWith(".npy")).map((name) => name.slice(0, -4));
  return {
    names,
    has: (name) => names.includes(name),
    read(name) {
      if (!names.includes(name)) {
        const fix = "name an array that the file holds, or write it anew with numpy.savez_compressed";
        throw new FormatError(`${file} holds no array ${name}, only ${listed(names)}`, fix);
      }
      return parseNpy(archive.read(`${name}.npy`), `${file}: array ${name}`);
    },
  };
}

/** The names of the first eight arrays. */
export function listed(names: readonly string[]): string {
  return `${names.slice(0, 8).join(", ") || "none"}${names.length > 8 ? `, … (${names.length} in all)` : ""}`;
}
