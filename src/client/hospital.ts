import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { KeyMismatchError, ParameterError, ServiceError } from "../errors.js";
import type { ImageValues } from "../nn/graph/image.js";
import { EncryptedResult, type KeyHolder, Plan } from "../nn/index.js";
import type { Device } from "../ntt/device.js";
import { MOST_WAIT_SECONDS } from "../protocol/limits.js";
import type { JobState, KeyState, ModelState, PlanState } from "../protocol/messages.js";
import * as schemas from "../protocol/schemas.js";
import type { Signal, TransportOptions } from "./connection.js";
import type { Upload } from "./sending.js";
import { Transport } from "./transport.js";
import { requireBeginning, upload } from "./upload.js";

/** All optional. */
export interface AskOptions {
  /** Ends what is under way, with the signal's reason. */
  readonly signal?: Signal;
  /** Bytes sent so far. */
  readonly onUpload?: (sentBytes: number, bytes: number) => void;
  /** Steps computed so far. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** A key for a plan, as files. */
export interface KeyFiles {
  /** The plan's identity. */
  readonly plan: string;
  /** The public key's. */
  readonly fingerprint: string;
  /** What PublicKey.toBytes wrote. */
  readonly publicKey: Upload;
  /** What EvaluationKeys.toBytes wrote. */
  readonly evaluationKeys: Upload;
}

/** What came of a diagnosis. */
export interface Diagnosis {
  /** As `KeyHolder.decrypt` gives them. */
  readonly logits: Float64Array;
  /** What the service says that it is of; all of it was what was asked for. Nothing proves what ran. */
  readonly job: string;
  /** Id, name, version, and SHA-256 of the encrypted bytes. */
  readonly model: JobState["model"];
  /** Identity. */
  readonly plan: string;
  /** SHA-256 of the encrypted image. */
  readonly image: string;
}

/** A diagnosis before it is decrypted. */
interface Answer extends Omit<Diagnosis, "logits"> {
  readonly bytes: Uint8Array;
}

/** A hospital's side of a service: its key, its images, its results. What it sends decrypts nothing. */
export class HospitalClient {
  private readonly transport: Transport;

  constructor(options: TransportOptions) {
    this.transport = new Transport(options);
  }

  /** All that the service runs. */
  async plans(): Promise<PlanState[]> {
    return (await this.transport.json({ method: "GET", path: "/plans" }, schemas.Plans)).plans;
  }

  /** @throws ServiceError for a plan of another identity than was asked for */
  async plan(id: string): Promise<Plan> {
    const plan = await Plan.fromBytes(await this.transport.bytes({ method: "GET", path: `/plans/${id}` }));
    if (plan.identity === id) return plan;
    throw new ServiceError(
      "the service gave another plan than was asked for",
      "do not use this service",
      "substituted",
    );
  }

  /** This hospital's. */
  async keys(): Promise<KeyState[]> {
    return (await this.transport.json({ method: "GET", path: "/keys" }, schemas.Keys)).keys;
  }

  /** Models under this hospital's keys. */
  async models(): Promise<ModelState[]> {
    return (await this.transport.json({ method: "GET", path: "/models" }, schemas.Models)).models;
  }

  /**
   * Sees to it that the service has the holder's public key and evaluation keys for its plan; sends them where it does not.
   * @returns the key as the service knows it; tell its fingerprint to the model's owner by another way
   */
  async ensureKey(holder: KeyHolder, options: AskOptions = {}): Promise<KeyState> {
    const { publicKey, evaluationKeys } = holder;
    return this.ensureKeyFiles(
      {
        plan: holder.plan.identity,
        fingerprint: publicKey.fingerprint,
        publicKey: { kind: "public key", bytes: publicKey.packedBytes, chunks: () => publicKey.chunks() },
        evaluationKeys: {
          kind: "evaluation keys",
          bytes: evaluationKeys.packedBytes,
          chunks: () => evaluationKeys.chunks(),
        },
      },
      options,
    );
  }

  /** The same of files: no secret key is needed for it. */
  async ensureKeyFiles({ plan, fingerprint, ...files }: KeyFiles, options: AskOptions = {}): Promise<KeyState> {
    for (const file of [files.publicKey, files.evaluationKeys]) await requireBeginning(file);
    const there = (await this.keys()).find((key) => key.fingerprint === fingerprint && key.plan === plan);
    if (there) return there;
    const { signal, onUpload: onProgress } = options;
    const sending = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
    const publicKey = await upload(this.transport, files.publicKey, sending);
    const evaluationKeys = await upload(this.transport, files.evaluationKeys, sending);
    const json = { plan, publicKey, evaluationKeys };
    const key = await this.transport.json({ method: "POST", path: "/keys", json }, schemas.KeyState);
    if (key.fingerprint === fingerprint && key.plan === plan) return key;
    throw new ServiceError(
      "the service registered another key than was sent",
      "do not use this service",
      "substituted",
    );
  }

  /** Deletes a key at the service, with the models under it and their results. */
  async deleteKey(id: string): Promise<void> {
    await this.transport.nothing({ method: "DELETE", path: `/keys/${id}` });
  }

  /**
   * Encrypts an image, has it diagnosed, and decrypts the result. Requests that found no answer are made again, with the same bytes
   * and job. The result is deleted at the service before it is decrypted, and nothing is sent after that: whether it could be
   * decrypted is the hospital's alone.
   * @param device that of the holder
   * @throws ServiceError for a refusal, a job that failed, or an answer to something else than was asked; as `KeyHolder.encrypt` and
   *   `decrypt`
   */
  async diagnose(
    holder: KeyHolder,
    device: Device,
    model: ModelState,
    image: ImageValues,
    options: AskOptions = {},
  ): Promise<Diagnosis> {
    const [diagnosis] = await this.diagnoseAll(holder, device, model, [image], options);
    return diagnosis;
  }

  /** The same of several images, one after the other: the first result is decrypted when the last one is there. */
  async diagnoseAll(
    holder: KeyHolder,
    device: Device,
    model: ModelState,
    images: Iterable<ImageValues>,
    options: AskOptions = {},
  ): Promise<Diagnosis[]> {
    if (model.plan !== holder.plan.identity) {
      throw new ParameterError("the model is for another plan than the key", "take a model under this key: models()");
    }
    if (model.fingerprint !== holder.publicKey.fingerprint) {
      throw new KeyMismatchError("the model is under another key", "take a model under this key: models()");
    }
    const answers: Answer[] = [];
    for (const image of images) answers.push(await this.answerTo(holder, model, image, options));
    const diagnoses: Diagnosis[] = [];
    for (const { bytes, ...said } of answers) {
      using result = await EncryptedResult.fromBytes(bytes, holder.plan, device);
      diagnoses.push({ logits: await holder.decrypt(result), ...said });
    }
    return diagnoses;
  }

  /** What the service answers: encrypted, and deleted there. */
  private async answerTo(
    holder: KeyHolder,
    model: ModelState,
    image: ImageValues,
    options: AskOptions,
  ): Promise<Answer> {
    const { signal } = options;
    const asked = { ...(signal && { signal }) };
    const digest = await this.send(holder, image, options);
    const job = newJob();
    const json = { model: model.id, image: digest };
    let state = await this.transport.json({ method: "PUT", path: `/jobs/${job}`, json, ...asked }, schemas.JobState);
    while (state.ended === undefined) {
      options.onProgress?.(state.progress.done, state.progress.of);
      const path = `/jobs/${job}?wait=${MOST_WAIT_SECONDS}`;
      state = await this.transport.json({ method: "GET", path, patient: true, ...asked }, schemas.JobState);
    }
    requireAsked(state, { job, model, digest });
    options.onProgress?.(state.progress.of, state.progress.of);
    if (!state.result) {
      const { code = "failed", message = "the job failed", fix = "submit it again" } = state.error ?? {};
      throw new ServiceError(message, fix, code);
    }
    const path = `/jobs/${job}/result`;
    const bytes = await this.transport.bytes({ method: "GET", path, patient: true, ...asked });
    if (bytesToHex(sha256(bytes)) !== state.result.sha256) {
      throw new ServiceError("the result is not what the service said of it", "submit it again", "damaged");
    }
    // Where that fails the service deletes it after a day; the answer is here.
    await this.transport
      .nothing({ method: "DELETE", path: `/jobs/${job}`, ...asked })
      .catch(() => signal?.throwIfAborted());
    return { bytes, job, model: state.model, plan: state.plan, image: state.image };
  }

  /** @returns the digest of the encrypted image, and so its address */
  private async send(holder: KeyHolder, image: ImageValues, { signal, onUpload }: AskOptions): Promise<string> {
    using encrypted = holder.encrypt(image);
    const bytes = encrypted.packedBytes;
    return await upload(
      this.transport,
      { kind: "encrypted image", bytes, chunks: () => encrypted.chunks() },
      { ...(signal && { signal }), ...(onUpload && { onProgress: onUpload }) },
    );
  }
}

/** 128 random bits. */
function newJob(): string {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(16)));
}

/** @throws ServiceError for a state of another job, image, model or plan */
function requireAsked(
  state: JobState,
  { job, model, digest }: { job: string; model: ModelState; digest: string },
): void {
  const differing = [
    ["job", state.id === job],
    ["image", state.image === digest],
    ["model", state.model.id === model.id && state.model.sha256 === model.sha256],
    ["plan", state.plan === model.plan],
  ].flatMap(([what, same]) => (same ? [] : [what]));
  if (differing.length === 0) return;
  const what = `the result is of another ${differing.join(" and ")} than was asked for`;
  throw new ServiceError(what, "do not use it, nor this service", "substituted");
}
