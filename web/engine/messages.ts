/** What the page and its engine, a worker, say to each other. Nothing here is a secret but the passphrase and the token, on their way in. */

/** A model that this page brings along, to be run alone in the tab. */
export interface BroughtModel {
  /** Its files are models/ID.onnx, .plan and .calibration.json. */
  readonly id: string;
  /** SHA-256 of each file, by its ending. */
  readonly sha256: { readonly onnx: string; readonly plan: string; readonly "calibration.json": string };
}

/** What the page was built with. */
export interface PageConfig {
  /** Origin of the service; null on a page that works alone only. */
  readonly service: string | null;
  /** Where documentation is beside the page; null where there is none. */
  readonly docs: string | null;
  /** The library's version. */
  readonly version: string;
  readonly models: readonly BroughtModel[];
  /** File names of pictures to try. */
  readonly samples: readonly string[];
}

/** Where things are computed. */
export interface Computing {
  /** As the library describes its device. */
  readonly device: string;
  readonly isolated: boolean;
}

/** What the network is for, as its card says. */
export interface Card {
  readonly name: string;
  readonly labels: readonly string[];
  /** Where one of two classes is decided by a threshold of its score. */
  readonly decision?: { readonly positive: number; readonly threshold: number };
}

/** An entry of a picture's file about its patient. It is shown to the user and goes nowhere else. */
export interface Tag {
  readonly name: string;
  readonly value: string;
}

/** A picture as it is encrypted. */
export interface Preview {
  /** Which picture it is: what a diagnosis is asked of. */
  readonly serial: number;
  readonly width: number;
  readonly height: number;
  /** RGBA, of the network's values. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly format: string;
  /** Of the file, before it was cut and resampled. */
  readonly original: readonly [width: number, height: number];
  readonly frame: number;
  readonly frames: number;
  /** Where the file says that another kind of machine made it than the network is for. */
  readonly clash?: { readonly modality: string; readonly wanted: readonly string[] };
  readonly tags: readonly Tag[];
  /** Why the picture may be of another kind than the network's. */
  readonly unlike?: string;
  /** Whether the network's card says what its pictures look like: otherwise nothing was checked. */
  readonly checked: boolean;
}

/** A request as it left the tab. */
export interface Sent {
  /** Which of the things that a service takes. */
  readonly what: "image" | "publicKey" | "evaluationKeys" | "question" | "answer";
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** What came of a diagnosis. */
export interface Outcome {
  readonly card: Card;
  /** The class; none where each score is a label's of its own. */
  readonly verdict: number | undefined;
  /** Of each class, from 0 to 1: no probabilities. */
  readonly scores: readonly number[];
  readonly milliseconds: {
    readonly keys?: number;
    readonly weights?: number;
    readonly encrypt?: number;
    readonly compute: number;
    readonly decrypt?: number;
  };
  readonly bytes: { readonly image: number; readonly result: number; readonly keys: number; readonly model: number };
  /** How the encrypted image's file begins. */
  readonly ciphertext: Uint8Array<ArrayBuffer>;
  readonly model: { readonly name: string; readonly version: string; readonly sha256: string; readonly owner?: string };
  readonly plan: string;
  /** SHA-256 of the encrypted image. */
  readonly image: string;
  /** The key's id. */
  readonly key: string;
  /** Empty where nothing left the tab. */
  readonly sent: readonly Sent[];
}

/** A key on this workstation. */
export interface StoredKey {
  readonly fingerprint: string;
  readonly plan: string;
  readonly name: string;
  readonly created: number;
  /** Whether it is in a file, too. */
  readonly saved: boolean;
}

/** A model at the service, under the key that is open. */
export interface ServedModel {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly version: string;
  readonly left: number;
}

/** What stands between an open key and a diagnosis. */
export interface KeyStanding {
  readonly fingerprint: string;
  /** Whether the service has it. */
  readonly known: boolean;
  /** Of the evaluation keys, which the service needs. */
  readonly keyBytes: number;
  /** What was sent for it just now. */
  readonly sent: readonly Sent[];
  readonly models: readonly ServedModel[];
}

export interface ServedPlan {
  readonly id: string;
  readonly name: string;
}

/** Where a long call is. */
export interface Progress {
  readonly stage: "files" | "device" | "keys" | "weights" | "encrypt" | "upload" | "compute" | "decrypt";
  readonly done: number;
  readonly total: number;
}

/** An error as it crosses from the engine: by its library's name and words. */
export interface Fault {
  /** Who speaks: the browser's errors have the library's names. */
  readonly of: "library" | "service" | "page" | "browser";
  readonly name: string;
  readonly code?: string;
  readonly message: string;
  readonly fix?: string;
}

/** Alone in the tab, or with a service. */
export type Mode = "alone" | "served";

/** All that a page can ask of its engine. */
export interface Engine {
  /** Opens the device. */
  open(config: PageConfig, base: string): Promise<Computing>;
  /** Takes a brought model as the one to ask; loads its files, and nothing else yet. */
  choose(model: string): Promise<Card>;
  /** The picture as the network takes it: the brought one, or that of the open key. @throws where it is none */
  look(mode: Mode, bytes: Uint8Array<ArrayBuffer>, name: string, frame?: number): Promise<Preview>;
  /** Encrypts the picture, computes and decrypts, all in this tab. @param serial of the preview that the user sees: no other is taken */
  diagnoseAlone(model: string, serial: number): Promise<Outcome>;

  storedKeys(): Promise<readonly StoredKey[]>;
  /** Gives the token that is asked with, and whose it is not told. */
  connect(token: string): Promise<readonly ServedPlan[]>;
  /** Forgets the token. */
  disconnect(): Promise<void>;
  makeKey(plan: string, name: string, passphrase: string): Promise<StoredKey>;
  importKey(bytes: Uint8Array<ArrayBuffer>, name: string, passphrase: string): Promise<StoredKey>;
  /** The user has the key's file. */
  markSaved(fingerprint: string): Promise<void>;
  /** The wrapped key's file. */
  exportKey(fingerprint: string): Promise<Uint8Array<ArrayBuffer>>;
  forgetKey(fingerprint: string): Promise<void>;
  /** Opens a key, and finds out where it stands. */
  unlock(fingerprint: string, passphrase: string): Promise<KeyStanding>;
  standing(): Promise<KeyStanding>;
  /** Sends public key and evaluation keys to the service. */
  register(): Promise<KeyStanding>;
  diagnoseServed(model: string, serial: number): Promise<Outcome>;
}

/** Short, and of nobody's key: no interruption ends these. */
export const LASTING: ReadonlySet<keyof Engine> = new Set([
  "open",
  "choose",
  "look",
  "storedKeys",
  "markSaved",
  "forgetKey",
]);

/** A call, or the end of all calls of earlier generations; with `lock` the open key is wiped at once. */
export type Call =
  | { readonly interrupt: number; readonly lock: boolean }
  | {
      readonly id: number;
      readonly generation: number;
      readonly method: keyof Engine;
      readonly args: readonly unknown[];
    };
export type Answer =
  | { readonly id: number; readonly progress: Progress }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly fault: Fault };
