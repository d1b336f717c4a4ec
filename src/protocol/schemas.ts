import * as v from "valibot";
import { MOST_BLOB_BYTES, MOST_WAIT_SECONDS } from "./limits.js";
import type * as messages from "./messages.js";

/**
 * The JSON that client and service exchange. The same schemas check what comes in and make the OpenAPI description. What goes out
 * may gain fields: readers pass over those that they do not know.
 */

/** SHA-256 in hexadecimal. */
export const Digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits"));
/** What the service names: keys, models. */
export const Id = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, "32 hexadecimal digits"));
/** What a client names: a job. Long enough that two clients do not choose the same. */
export const JobId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{16,64}$/, "16 to 64 letters, digits, - or _"));
const Label = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(120),
  v.regex(/^[^\p{Cc}]*$/u, "text without control characters"),
);
const Count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
/** Milliseconds since 1970. */
const Time = Count;

export const BlobKind = v.picklist([
  "public key",
  "evaluation keys",
  "model",
  "encrypted image",
]) satisfies v.GenericSchema<unknown, messages.BlobKind>;

export const AnnounceBlob = v.strictObject({
  kind: BlobKind,
  bytes: v.pipe(Count, v.minValue(1), v.maxValue(MOST_BLOB_BYTES)),
});

export const BlobState = v.object({
  sha256: Digest,
  bytes: Count,
  // Numbers of the chunks that are not there; none once the whole was checked against its digest.
  missing: v.array(Count),
});
export type BlobState = v.InferOutput<typeof BlobState>;

export const PlanState = v.object({
  // The plan's identity.
  id: Digest,
  // The network's, as its card says.
  name: v.string(),
  bytes: Count,
  created: Time,
  // The plan that took its place: new keys, models and jobs are for that.
  obsoleteBy: v.optional(Digest),
}) satisfies v.GenericSchema<unknown, messages.PlanState>;

export const ObsoletePlan = v.strictObject({ by: Digest });

export const RegisterKey = v.strictObject({ plan: Digest, publicKey: Digest, evaluationKeys: Digest });

export const KeyState = v.object({
  id: Id,
  // SHA-256 of the public key: what hospital and owner compare by another way.
  fingerprint: Digest,
  plan: Digest,
  // Name of the tenant that registered it.
  holder: v.string(),
  created: Time,
  lastUsed: v.optional(Time),
  models: Count,
}) satisfies v.GenericSchema<unknown, messages.KeyState>;

export const RegisterModel = v.strictObject({
  key: Id,
  blob: Digest,
  name: Label,
  version: Label,
  // SHA-256 of a salt and the ONNX file; the salt stays with the owner.
  commitment: Digest,
  // Diagnoses that may be made with it.
  budget: Count,
});

export const ChangeModel = v.strictObject({ budget: v.optional(Count), revoked: v.optional(v.boolean()) });

export const ModelState = v.object({
  id: Id,
  owner: v.string(),
  name: v.string(),
  version: v.string(),
  plan: Digest,
  key: Id,
  fingerprint: Digest,
  // Of the encrypted bytes, which nobody gets back.
  sha256: Digest,
  bytes: Count,
  commitment: Digest,
  created: Time,
  budget: Count,
  used: Count,
  revoked: v.boolean(),
}) satisfies v.GenericSchema<unknown, messages.ModelState>;

export const SubmitJob = v.strictObject({ model: Id, image: Digest });

export const Failure = v.object({ code: v.string(), message: v.string(), fix: v.string() }) satisfies v.GenericSchema<
  unknown,
  messages.Failure
>;

export const JobState = v.object({
  id: JobId,
  state: v.picklist(["queued", "running", "done", "failed"]),
  // Steps of the program.
  progress: v.object({ done: Count, of: Count }),
  // What the result is of; a client compares all of it with what it asked for.
  model: v.object({ id: Id, name: v.string(), version: v.string(), sha256: Digest }),
  plan: Digest,
  image: Digest,
  result: v.optional(v.object({ sha256: Digest, bytes: Count })),
  error: v.optional(Failure),
  created: Time,
  ended: v.optional(Time),
}) satisfies v.GenericSchema<unknown, messages.JobState>;

/** As text, since it stands in the URL. */
export const Wait = v.strictObject({
  wait: v.optional(v.pipe(v.string(), v.regex(/^\d{1,2}$/), v.transform(Number), v.maxValue(MOST_WAIT_SECONDS))),
});

export const Scope = v.picklist(["operator", "owner", "hospital"]);
export const Tenant = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "a-z, 0-9 and -, 40 at most"));
export const TokenId = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, "16 hexadecimal digits"));

export const CreateToken = v.strictObject({
  scope: Scope,
  tenant: Tenant,
  days: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3650)),
});

export const TokenState = v.object({
  id: TokenId,
  scope: Scope,
  tenant: v.string(),
  created: Time,
  expires: Time,
}) satisfies v.GenericSchema<unknown, messages.TokenState>;

export const NewToken = v.object({ ...TokenState.entries, token: v.string() }) satisfies v.GenericSchema<
  unknown,
  messages.NewToken
>;

export const Tokens = v.object({ tokens: v.array(TokenState) });
export const Plans = v.object({ plans: v.array(PlanState) });
export const Keys = v.object({ keys: v.array(KeyState) });
export const Models = v.object({ models: v.array(ModelState) });
export const ErrorBody = v.object({ error: v.object({ ...Failure.entries, by: v.optional(Digest) }) });
