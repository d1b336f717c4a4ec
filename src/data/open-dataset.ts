import { createHash, randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { DataError, FormatError } from "../errors.js";
import { type Dataset, datasetFromNpz, phantomDataset } from "./dataset.js";
import { type DownloadOptions, download } from "./download.js";
import { openNpz } from "./npz.js";
import { defaultPhantomCounts, defaultPhantomSeed } from "./phantom-set.js";
import { readFileWhole } from "./read-file.js";

export interface OpenDatasetOptions extends DownloadOptions {
  /** Read for BLINDSIGHT_DATA, BLINDSIGHT_DATA_URL, XDG_CACHE_HOME and LOCALAPPDATA (default process.env). */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Folder of downloaded sets (default: `blindsight` in the user's cache folder). */
  readonly cacheFolder?: string;
  /** Where NAME.npz is downloaded from (default: BLINDSIGHT_DATA_URL, else MedMNIST's Zenodo record). */
  readonly baseUrl?: string;
  /** Seed of the data set `phantom`. */
  readonly phantomSeed?: number;
}

/** Larger files are refused before they are read. */
const mostBytes = 2 ** 30;

interface KnownDataset {
  readonly bytes: number;
  readonly md5: string;
  readonly labels: readonly string[];
}

/** MedMNIST v2 (Yang et al., Scientific Data 2023), CC BY 4.0. */
const medmnist: Readonly<Record<string, KnownDataset>> = {
  breastmnist: {
    bytes: 559_580,
    md5: "750601b1f35ba3300ea97c75c52ff8f6",
    labels: ["malignant", "normal or benign"],
  },
  pneumoniamnist: {
    bytes: 4_170_669,
    md5: "28209eda62fecd6e6a2d98b1501bb15f",
    labels: ["normal", "pneumonia"],
  },
};
const zenodo = "https://zenodo.org/records/10519652/files";

/** The names that `openDataset` knows besides paths. */
export const datasetNames: readonly string[] = [...Object.keys(medmnist), "phantom"];

/**
 * Opens a data set: `phantom`, the path of an npz file (see `datasetFromNpz`), or one of MedMNIST's sets by name. The
 * latter is looked up in the folder BLINDSIGHT_DATA, then in the user's cache, then downloaded into that cache.
 * A file that is there but is not the official one is an error, never a reason to look further.
 * @throws DataError when it cannot be had; FormatError when a file is there but damaged.
 */
export async function openDataset(nameOrPath: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  if (nameOrPath === "phantom") return phantomDataset(options.phantomSeed ?? defaultPhantomSeed, defaultPhantomCounts);
  const known = Object.hasOwn(medmnist, nameOrPath) ? medmnist[nameOrPath] : undefined;
  if (known) {
    const { bytes, source } = await findKnown(nameOrPath, known, options);
    return datasetFromNpz(openNpz(bytes, source), nameOrPath, source, known.labels);
  }
  const bytes = await readFileWhole(nameOrPath, mostBytes);
  if (!bytes) {
    const what = nameOrPath.endsWith(".npz")
      ? `there is no file ${nameOrPath}`
      : `there is no data set "${nameOrPath}"`;
    throw new DataError(what, `name ${datasetNames.join(", ")} or the path of an npz file`);
  }
  return datasetFromNpz(openNpz(bytes, nameOrPath), basename(nameOrPath, ".npz"), nameOrPath);
}

/** The user's cache folder for blindsight: %LOCALAPPDATA% on Windows, else XDG_CACHE_HOME or ~/.cache. */
export function defaultCacheFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const local = process.platform === "win32" ? env["LOCALAPPDATA"] : env["XDG_CACHE_HOME"];
  return join(local || join(homedir(), ".cache"), "blindsight");
}

async function findKnown(name: string, known: KnownDataset, options: OpenDatasetOptions) {
  const env = options.env ?? process.env;
  const file = `${name}.npz`;
  const cacheFolder = options.cacheFolder ?? defaultCacheFolder(env);
  for (const folder of [env["BLINDSIGHT_DATA"], cacheFolder]) {
    const source = folder ? join(folder, file) : undefined;
    const bytes = source ? await readFileWhole(source, mostBytes) : undefined;
    if (bytes && source) {
      checkOfficial(bytes, source, known);
      return { bytes, source };
    }
  }
  const baseUrl = (options.baseUrl || env["BLINDSIGHT_DATA_URL"] || zenodo).replace(/\/+$/, "");
  const bytes = await downloadKnown(name, known, `${baseUrl}/${file}`, cacheFolder, options);
  const cached = join(cacheFolder, file);
  return { bytes, source: (await writeWhole(cacheFolder, cached, bytes)) ? cached : `${baseUrl}/${file}` };
}

async function downloadKnown(name: string, known: KnownDataset, url: string, folder: string, options: DownloadOptions) {
  const fix = `put ${name}.npz into ${folder}, name its folder in BLINDSIGHT_DATA, or take --dataset phantom`;
  const bytes = await download(url, { maxBytes: known.bytes, ...options }).catch((cause: Error) => {
    throw new DataError(`${name} is not on this machine and cannot be downloaded: ${cause.message}`, fix, { cause });
  });
  const md5 = md5Of(bytes);
  if (md5 !== known.md5) {
    throw new DataError(`${url} is not the official ${name}: its md5 is ${md5}, not ${known.md5}`, fix);
  }
  return bytes;
}

function checkOfficial(bytes: Uint8Array, source: string, known: KnownDataset): void {
  const md5 = md5Of(bytes);
  if (md5 === known.md5) return;
  throw new FormatError(
    `${source} is damaged or not the official file: its md5 is ${md5}, not ${known.md5}`,
    "delete it, and it is downloaded again, or replace it",
  );
}

function md5Of(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

/**
 * Writes under a name of its own first, so that no other process ever sees half a file. A cache that cannot be written
 * is no error: false.
 */
async function writeWhole(folder: string, path: string, bytes: Uint8Array): Promise<boolean> {
  const temporary = join(folder, `.${randomUUID()}.part`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(temporary, bytes, { flag: "wx" });
    await rename(temporary, path);
    return true;
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
    return false;
  }
}
