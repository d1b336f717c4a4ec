import { constants, createReadStream } from "node:fs";
import { access, link, mkdir, open, readdir, rename, rm, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DataError, FormatError } from "../../errors.js";
import { about } from "../failure.js";
import { writeChunks } from "./write-chunks.js";

/** Node's default of 64 kB costs as much as reading itself. */
const CHUNK_BYTES = 2 ** 22;

/**
 * Reads a file with `read`, as a stream.
 * @throws DataError where there is no such file; whatever `read` throws, with the path in front
 */
export async function readFrom<T>(path: string, read: (stream: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T> {
  await requireFile(path);
  const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  try {
    return await read(stream);
  } catch (cause) {
    throw about(path, cause, FormatError, "look whether it is the right file");
  } finally {
    stream.destroy();
  }
}

/** The same of a secret: what lay in the way is overwritten. */
export async function readSecretFrom<T>(path: string, read: (bytes: Uint8Array) => Promise<T>): Promise<T> {
  await requireFile(path);
  const file = await open(path, "r");
  let bytes = new Uint8Array(0);
  try {
    const { size } = await file.stat();
    if (size > CHUNK_BYTES)
      throw new DataError(`${path} is ${size} bytes, and no secret key`, "name the file of the key");
    bytes = new Uint8Array(size);
    for (let at = 0, read_ = -1; at < size && read_ !== 0; at += read_) {
      read_ = (await file.read(bytes, at, size - at, at)).bytesRead;
    }
    return await read(bytes);
  } catch (cause) {
    throw about(path, cause, FormatError, "look whether it is the right file");
  } finally {
    bytes.fill(0);
    await file.close();
  }
}

/** How a file is written. */
export interface WriteOptions {
  /** Permissions: 0o600 for what is secret. */
  readonly mode?: number;
  /** Ends the writing between two chunks, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What can be written: bytes, or chunks of them. */
export type Content = Uint8Array | AsyncIterable<Uint8Array>;

/**
 * Writes a file that is there whole or not at all: under another name beside it until its last byte is on the disk. What an attempt
 * left that was killed is removed by the next one.
 * @returns its bytes
 * @throws DataError where it is there already, or cannot be written
 */
export async function writeWhole(path: string, content: Content, options: WriteOptions = {}): Promise<number> {
  await requireNew(path);
  const partial = await partialOf(path);
  try {
    const bytes = await write(partial, content, options);
    // A link never replaces what somebody else wrote meanwhile; where there are no links a rename must do.
    await link(partial, path).then(
      () => unlink(partial),
      (error: NodeJS.ErrnoException) => (error.code === "EEXIST" ? Promise.reject(error) : rename(partial, path)),
    );
    return bytes;
  } catch (cause) {
    await rm(partial, { force: true });
    throw unwritable(path, cause);
  }
}

/** A folder of files, whole or not at all, as `writeWhole`. @returns bytes of each */
export async function writeFolder(
  path: string,
  files: ReadonlyMap<string, { readonly content: Content; readonly mode?: number }>,
  { signal }: WriteOptions = {},
): Promise<Map<string, number>> {
  await requireNew(path);
  const partial = await partialOf(path);
  const written = new Map<string, number>();
  try {
    await mkdir(partial, { mode: 0o700 });
    for (const [name, { content, mode }] of files) {
      written.set(name, await write(join(partial, name), content, { mode, signal }));
    }
    await rename(partial, path);
    return written;
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    throw unwritable(path, cause);
  }
}

async function write(path: string, content: Content, { mode = 0o644, signal }: WriteOptions): Promise<number> {
  const file = await open(path, "wx", mode);
  try {
    const bytes = await writeChunks(file, content, () => signal?.throwIfAborted());
    await file.sync();
    return bytes;
  } finally {
    await file.close();
  }
}

/** @throws DataError where a path is taken, or its folder is not there: before minutes are spent on what goes there */
export async function requireNew(path: string): Promise<void> {
  if (await stat(path).catch(() => undefined)) {
    throw new DataError(`${path} exists already`, "name another path, or delete it");
  }
  await access(dirname(path), constants.W_OK).catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === "ENOENT" ? "its folder is not there" : `${cause.code}`;
    throw new DataError(`${path} cannot be written (${problem})`, "name a path in a folder that you may write to");
  });
}

/** The name under which this process writes; those of processes that are gone are removed. */
async function partialOf(path: string): Promise<string> {
  const [folder, name] = [dirname(path), basename(path)];
  for (const entry of await readdir(folder).catch(() => [])) {
    const pid = entry.startsWith(`.${name}.`) && /^\.(\d+)\.partial$/.exec(entry.slice(name.length + 1))?.[1];
    if (pid && !isAlive(Number(pid))) await rm(join(folder, entry), { recursive: true, force: true });
  }
  const partial = join(folder, `.${name}.${process.pid}.partial`);
  await rm(partial, { recursive: true, force: true });
  return partial;
}

function isAlive(pid: number): boolean {
  try {
    return pid !== process.pid && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** @throws DataError where one is not there: before minutes are spent on the others */
export async function requireFiles(...paths: readonly string[]): Promise<void> {
  for (const path of paths) await requireFile(path);
}

async function requireFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return;
  throw new DataError(found ? `${path} is no file` : `there is no file ${path}`, "check the path");
}

function unwritable(path: string, cause: unknown): unknown {
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return cause;
  const fix = code === "ENOSPC" ? "make room on the disk" : "name a path in a folder that you may write to";
  if (code === "EEXIST" || code === "ENOTEMPTY") return new DataError(`${path} exists already`, "name another path");
  return new DataError(`${path} cannot be written (${code})`, fix, { cause });
}
