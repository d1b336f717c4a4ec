import { kindOf } from "../ckks/copies.js";
import { requireDevice } from "../ckks/ring.js";
import { ParameterError } from "../errors.js";
import type { Device } from "../ntt/device.js";
import { nextTurn } from "../ntt/turn.js";
import type { Aborting } from "./aborting.js";
import { compile } from "./compile.js";
import type { CompileOptions } from "./compile-options.js";
import { fitActivations } from "./fit/fit-activations.js";
import type { FitOptions } from "./fit/options.js";
import type { FitReport } from "./fit/report.js";
import type { Network } from "./graph/network.js";
import { KeyHolder } from "./key-holder.js";
import type { EncryptedModel, PlainModel } from "./model.js";
import { ModelOwner } from "./model-owner.js";
import { importOnnx } from "./onnx.js";
import { calibrationFrom, type ImageLoader, type ImageSource, imageOf } from "./pictures.js";
import type { Plan } from "./plan.js";
import { classOf, probabilities } from "./probabilities.js";
import { imagesOf } from "./program/program.js";
import { requireRoom } from "./room.js";
import { Server } from "./server.js";

/** What `EncryptedNetwork.open` is doing: `done` of `total`, where it is known how many there are. */
export interface Opening {
  /** Images are read, activations fitted, the plan and the keys made, weights encrypted. */
  readonly stage: "images" | "activations" | "plan" | "keys" | "weights";
  readonly done: number;
  readonly total?: number;
}

/** What a network is opened with; all but the first two optional. */
export interface EncryptedNetworkOptions extends Pick<CompileOptions, "model" | "images" | "maxKeyBytes"> {
  /** Where it is computed: `await openDevice()`. The caller's, to close after the network is disposed of. */
  readonly device: Device;
  /** Some dozen images like those that the network is for, 256 at most are read: see `calibrationFrom`. */
  readonly calibration: ImageLoader;
  /** Values may become this many times larger than in these images; 2 unless said. */
  readonly margin?: number;
  /** How activations become polynomials, for networks that have some: see `fitActivations`. */
  readonly fit?: FitOptions;
  /** Called as the opening goes on. */
  readonly onProgress?: (opening: Opening) => void;
  /** Ends the opening between two of its stages, with the signal's reason; what was made is freed. */
  readonly signal?: Aborting;
}

/** All optional. */
export interface PredictOptions {
  /** Called after each step of the program with how many are done of how many, of all images. Each step is then waited for. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the run between two steps, with the signal's reason. */
  readonly signal?: Aborting;
}

/** What a network says about an image. */
export interface Prediction {
  /** Of the class, as the network's card calls it. */
  readonly label: string;
  /** The class: see `classOf`. */
  readonly index: number;
  /** One for each class: see `probabilities`. */
  readonly probabilities: Float64Array;
  /** As decrypted, rounded to the plan's grid. */
  readonly logits: Float64Array;
}

/**
 * An encrypted network with all three roles in one object: it encrypts an image, runs the network on ciphertexts, and decrypts. **All
 * of it happens in this process, which therefore sees image, weights and secret key**: for trying a network out, for tests and
 * measurements. Where somebody else is to compute, take the roles: `KeyHolder`, `ModelOwner` and `Server`, on this object's plan
 * (`net.plan`) or another.
 */
export class EncryptedNetwork implements Disposable {
  readonly #holder: KeyHolder;
  private readonly server: Server;
  private readonly model: EncryptedModel | PlainModel;
  /** Predictions that are under way. */
  #running = 0;
  #disposed = false;

  private constructor(
    /** As it runs: with polynomials in the place of its activations. */
    readonly network: Network,
    /** Everything that is public. */
    readonly plan: Plan,
    /** What fitting did and how far the logits are from the original's; undefined for a network without activations to fit. */
    readonly fit: FitReport | undefined,
    parts: { readonly holder: KeyHolder; readonly server: Server; readonly model: EncryptedModel | PlainModel },
  ) {
    this.#holder = parts.holder;
    this.server = parts.server;
    this.model = parts.model;
  }

  /**
   * Imports the network where it is the bytes of an ONNX file, fits its activations where it has some, plans it, makes a secret key
   * and evaluation keys, and encrypts the weights. Seconds, and as much memory as `check` says; `predict` then takes one run.
   * @throws as `importOnnx`, `calibrationFrom`, `fitActivations` and `compile`; ParameterError for what the device's memory does not
   *   hold, before keys are made; TypeError for what is no device
   */
  static async open(source: Uint8Array | Network, options: EncryptedNetworkOptions): Promise<EncryptedNetwork> {
    if (typeof options !== "object" || options === null) {
      throw new TypeError(`options: { device, calibration } was expected, not ${kindOf(options)}`);
    }
    const { device, margin, signal, onProgress = () => {} } = options;
    requireDevice(device);
    const layers: unknown = (source as Network | undefined)?.layers;
    const original = Array.isArray(layers) ? (source as Network) : importOnnx(source as Uint8Array);
    const begin = async (stage: Opening["stage"]) => {
      onProgress({ stage, done: 0 });
      await nextTurn();
      signal?.throwIfAborted();
    };
    await begin("images");
    const images = await calibrationFrom(loaderOf(options.calibration), original, {
      signal,
      onProgress: (done) => onProgress({ stage: "images", done }),
    });
    if (images.length === 0)
      throw new ParameterError("calibration: no image in it", "give a few dozen training images");
    await begin("activations");
    const { network, report } = fitted(original, images, options.fit);
    await begin("plan");
    const { model: kind, images: together, maxKeyBytes } = options;
    const plan = compile(network, { model: kind, images: together, maxKeyBytes });
    requireRoom(plan, device, ["keys", "model"]);
    await begin("keys");
    const holder = await KeyHolder.create(plan, device);
    try {
      await begin("weights");
      const server = new Server(plan, device, holder.evaluationKeys);
      const calibrated = {
        calibration: images,
        margin,
        onProgress: (done: number, total: number) => onProgress({ stage: "weights", done, total }),
      };
      const model =
        plan.model === "plain"
          ? server.loadPlain(network, calibrated)
          : server.load(new ModelOwner(plan, holder.publicKey).encrypt(network, calibrated));
      const opened = new EncryptedNetwork(network, plan, report, { holder, server, model });
      try {
        await device.idle();
        signal?.throwIfAborted();
        return opened;
      } catch (error) {
        model[Symbol.dispose]();
        throw error;
      }
    } catch (error) {
      holder[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * What the network says about a picture: an ImageData or other pixels, the bytes of a PNG, or values in the network's units (see
   * `imageFrom`). Costs one encryption, one run and one decryption.
   * @throws as `imageFrom` and `imageFromPng`, before anything is encrypted; ParameterError for an image so far from the calibration
   *   that its logits cannot be read; TypeError after the network was disposed of
   */
  async predict(picture: ImageSource, options?: PredictOptions): Promise<Prediction>;
  /** Of several pictures, in their order: as many at once as the plan takes (`open(…, { images })`). */
  async predict(pictures: readonly ImageSource[], options?: PredictOptions): Promise<Prediction[]>;
  async predict(
    given: ImageSource | readonly ImageSource[],
    options: PredictOptions = {},
  ): Promise<Prediction | Prediction[]> {
    if (!isList(given)) return (await this.predictAll([given], options))[0];
    return this.predictAll(given, options);
  }

  private async predictAll(
    pictures: readonly ImageSource[],
    { onProgress, signal }: PredictOptions,
  ): Promise<Prediction[]> {
    const alive: Aborting = {
      throwIfAborted: () => {
        signal?.throwIfAborted();
        if (this.#disposed) throw new TypeError("the encrypted network was used after it was disposed of");
      },
    };
    alive.throwIfAborted();
    this.#running++;
    try {
      const { program } = this.plan;
      const together = imagesOf(program);
      const images: Float64Array[] = [];
      for (const picture of pictures) images.push(await imageOf(picture, this.network));
      const total = Math.ceil(images.length / together) * program.steps.length;
      let done = 0;
      const onStep = onProgress && (() => onProgress(++done, total));
      const predictions: Prediction[] = [];
      for (let at = 0; at < images.length; at += together) {
        alive.throwIfAborted();
        const group = images.slice(at, at + together);
        using input = this.#holder.encrypt(together === 1 ? group[0] : group);
        using result = await this.server.run(this.model, input, { onStep, signal: alive });
        alive.throwIfAborted();
        const logits = await this.#holder.decryptAll(result);
        predictions.push(...logits.slice(0, group.length).map((each) => this.predictionOf(each)));
      }
      return predictions;
    } finally {
      this.#running--;
      if (this.#disposed) this.freeWhenIdle();
    }
  }

  private predictionOf(logits: Float64Array): Prediction {
    const { card } = this.network;
    const index = classOf(logits, card);
    return { label: card.labels[index], index, probabilities: probabilities(logits, card), logits };
  }

  /** Overwrites the secret key, and frees keys and weights: at once, or when predictions that run have ended, at their next step. The device stays open. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.freeWhenIdle();
  }

  private freeWhenIdle(): void {
    if (this.#running > 0) return;
    this.model[Symbol.dispose]();
    this.#holder[Symbol.dispose]();
  }
}

function fitted(network: Network, images: readonly Float64Array[], options?: FitOptions) {
  if (!network.layers.some(({ op }) => op === "activation")) return { network, report: undefined };
  return fitActivations(network, images, options);
}

/** A list of pictures; a list of numbers is the values of one. */
function isList(given: ImageSource | readonly ImageSource[]): given is readonly ImageSource[] {
  return Array.isArray(given) && typeof given[0] !== "number";
}

/** Walked before it is looked at otherwise: a single image would be taken for a list of numbers. */
function loaderOf(calibration: ImageLoader): ImageLoader {
  const walkable =
    typeof (calibration as Iterable<unknown>)?.[Symbol.iterator] === "function" ||
    typeof (calibration as AsyncIterable<unknown>)?.[Symbol.asyncIterator] === "function";
  if (walkable && !ArrayBuffer.isView(calibration)) return calibration;
  throw new TypeError(`calibration: a list of images or a data loader was expected, not ${kindOf(calibration)}`);
}
