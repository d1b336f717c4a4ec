import { PublicKey } from "../ckks/index.js";
import { KeyMismatchError, ServiceError } from "../errors.js";
import { type ModelOptions, ModelOwner, type Network, type Plan } from "../nn/index.js";
import type { Device } from "../ntt/device.js";
import type { KeyState, ModelState, PlanState } from "../protocol/messages.js";
import * as schemas from "../protocol/schemas.js";
import type { TransportOptions } from "./connection.js";
import type { Upload, UploadOptions } from "./sending.js";
import { Transport } from "./transport.js";
import { upload } from "./upload.js";

/** What an owner says of a model. */
export interface ModelDescription {
  /** What hospitals see. */
  readonly name: string;
  /** The same name may be given again, with another. */
  readonly version: string;
  /** SHA-256 of a salt and the ONNX file, in hexadecimal. The salt stays here. */
  readonly commitment: string;
  /** Diagnoses that may be made with it. */
  readonly budget: number;
}

/** A model owner's side of a service. */
export class OwnerClient {
  private readonly transport: Transport;

  constructor(options: TransportOptions) {
    this.transport = new Transport(options);
  }

  /** Puts a plan where hospitals find it. */
  async register(plan: Plan): Promise<PlanState> {
    const path = `/plans/${plan.identity}`;
    return this.transport.json({ method: "PUT", path, bytes: await plan.toBytes() }, schemas.PlanState);
  }

  /** Refuses keys, models and jobs of a plan that no other owner registered, with the name of the one in its place. */
  async obsolete(plan: string, by: string): Promise<PlanState> {
    return this.transport.json({ method: "POST", path: `/plans/${plan}/obsolete`, json: { by } }, schemas.PlanState);
  }

  /** Keys that models can be given for. Their fingerprints are what the service says. */
  async keys(): Promise<KeyState[]> {
    return (await this.transport.json({ method: "GET", path: "/keys" }, schemas.Keys)).keys;
  }

  /** This owner's. */
  async models(): Promise<ModelState[]> {
    return (await this.transport.json({ method: "GET", path: "/models" }, schemas.Models)).models;
  }

  /**
   * The public key, if it is the one with that fingerprint.
   * @param fingerprint as its hospital told it by another way than this service
   * @throws KeyMismatchError for another key: whoever exchanged it could read the model
   */
  async publicKey(key: KeyState, fingerprint: string, device: Device): Promise<PublicKey> {
    const bytes = await this.transport.bytes({ method: "GET", path: `/keys/${key.id}/public` });
    const read = await PublicKey.fromBytes(bytes, device);
    if (read.fingerprint === fingerprint) return read;
    read[Symbol.dispose]();
    throw new KeyMismatchError(
      `the service gave a key of fingerprint ${read.fingerprint}, which is not the one that was approved`,
      "compare the fingerprint with the hospital again, by telephone; whoever exchanged the key could read the model",
    );
  }

  /**
   * Encrypts a network for a key and gives it to the service.
   * @param fingerprint see `publicKey`
   */
  async give(
    key: KeyState,
    fingerprint: string,
    model: { readonly plan: Plan; readonly network: Network; readonly options: ModelOptions },
    description: ModelDescription,
    device: Device,
    sending: UploadOptions = {},
  ): Promise<ModelState> {
    const { plan, network, options } = model;
    if (key.plan !== plan.identity)
      throw new ServiceError("the key is for another plan", "compile the plan of the key", "substituted");
    using publicKey = await this.publicKey(key, fingerprint, device);
    using encrypted = new ModelOwner(plan, publicKey).encrypt(network, options);
    const file = { kind: "model", bytes: encrypted.packedBytes, chunks: () => encrypted.chunks() } as const;
    return await this.send(key, file, description, sending);
  }

  /** The same of a model that was encrypted before: a file, say. */
  async send(
    key: KeyState,
    file: Upload,
    description: ModelDescription,
    sending: UploadOptions = {},
  ): Promise<ModelState> {
    const blob = await upload(this.transport, file, sending);
    return this.transport.json(
      { method: "POST", path: "/models", json: { key: key.id, blob, ...description } },
      schemas.ModelState,
    );
  }

  /** Sets the budget, or revokes a model and takes that back. */
  async change(model: string, change: { readonly budget?: number; readonly revoked?: boolean }): Promise<ModelState> {
    return this.transport.json({ method: "PATCH", path: `/models/${model}`, json: change }, schemas.ModelState);
  }

  /** Deletes a model, and the results of its jobs. */
  async deleteModel(model: string): Promise<void> {
    await this.transport.nothing({ method: "DELETE", path: `/models/${model}` });
  }
}
