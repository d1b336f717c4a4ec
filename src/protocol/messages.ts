/** What a service says, as types: the schemas of schemas.ts give these, and a test of the compiler's holds them to it. */

/** Which of the library's files a blob is. There is none for a secret key, wrapped or not. */
export type BlobKind = "public key" | "evaluation keys" | "model" | "encrypted image";

/** What a service says of a plan. */
export interface PlanState {
  /** The plan's identity. */
  readonly id: string;
  /** The network's, as its card says. */
  readonly name: string;
  /** Of its file. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** The plan that took its place: new keys, models and jobs are for that. */
  readonly obsoleteBy?: string | undefined;
}

/** What a service says of a key. */
export interface KeyState {
  /** The service's name for it. */
  readonly id: string;
  /** SHA-256 of the public key: what hospital and owner compare by another way than the service. */
  readonly fingerprint: string;
  /** Identity of the plan that it is for. */
  readonly plan: string;
  /** Name of the hospital that registered it. */
  readonly holder: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** Of the last job under it. */
  readonly lastUsed?: number | undefined;
  /** How many there are under it. */
  readonly models: number;
}

/** What a service says of an encrypted model. */
export interface ModelState {
  /** The service's name for it. */
  readonly id: string;
  /** Name of the owner that gave it. */
  readonly owner: string;
  /** As its owner says. */
  readonly name: string;
  /** As its owner says. */
  readonly version: string;
  /** Identity of its plan. */
  readonly plan: string;
  /** Id of the key that it is under. */
  readonly key: string;
  /** Of that key. */
  readonly fingerprint: string;
  /** Of the encrypted bytes, which nobody gets back. */
  readonly sha256: string;
  /** How many these are. */
  readonly bytes: number;
  /** SHA-256 of a salt and the .onnx file; the salt is the owner's. */
  readonly commitment: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** Diagnoses that may be made with it. */
  readonly budget: number;
  /** Diagnoses that were. */
  readonly used: number;
  /** Whether its owner forbade it. */
  readonly revoked: boolean;
}

/** Why something failed, and the way out. */
export interface Failure {
  /** What the refusal is called. */
  readonly code: string;
  /** What was wrong. */
  readonly message: string;
  /** What can be done. */
  readonly fix: string;
}

/** What a service says of a job, and of what its result is of. */
export interface JobState {
  /** As the client named it. */
  readonly id: string;
  /** Whether it has ended, and how. */
  readonly state: "queued" | "running" | "done" | "failed";
  /** Steps of the program. */
  readonly progress: { readonly done: number; readonly of: number };
  /** The model that it ran. */
  readonly model: { readonly id: string; readonly name: string; readonly version: string; readonly sha256: string };
  /** Identity of its plan. */
  readonly plan: string;
  /** SHA-256 of the encrypted image. */
  readonly image: string;
  /** Until it is deleted. */
  readonly result?: { readonly sha256: string; readonly bytes: number } | undefined;
  /** Of a job that failed. */
  readonly error?: Failure | undefined;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** The same; absent until then. */
  readonly ended?: number | undefined;
}

/** What a service says of a token: never the token. */
export interface TokenState {
  /** Its first part. */
  readonly id: string;
  /** What it may do. */
  readonly scope: "operator" | "owner" | "hospital";
  /** Whose it is. */
  readonly tenant: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** The same. */
  readonly expires: number;
}

/** A token that was made, with the token itself. */
export interface NewToken extends TokenState {
  /** What goes into the Authorization header. */
  readonly token: string;
}
