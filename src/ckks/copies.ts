import { ParameterError } from "../errors.js";

/**
 * Two copies of the library in one program (two versions in node_modules, one bundled and one not, ESM beside a CommonJS
 * build) have two of every class and of every ring: what one made is a stranger to the other, though it looks the same.
 * So what is handed around carries the mark of the copy that made it, under a symbol that all copies share.
 */
export const COPY: unique symbol = Symbol.for("blindsight/copy");

/** The mark of this copy. */
export const THIS_COPY: object = Object.freeze({});

/** Whether `value` was made by another copy of the library. */
function isForeign(value: unknown): boolean {
  const mark = (value as { [COPY]?: object } | null | undefined)?.[COPY];
  return mark !== undefined && mark !== THIS_COPY;
}

/** @throws ParameterError for what another copy of the library made. */
export function refuseForeign(value: unknown, what: string): void {
  if (!isForeign(value)) return;
  throw new ParameterError(
    `${what} was made by another copy of blindsight: two copies are loaded`,
    "load one: `npm ls blindsight` shows who brings them, `npm dedupe` joins them; in a bundle leave it external or bundle it once",
  );
}

/**
 * @param noun what instances of `type` are called, with its article: names of classes do not survive a minifier
 * @throws ParameterError for an instance of another copy's class; TypeError for anything else.
 */
export function requireInstance<T>(
  value: unknown,
  type: { readonly prototype: T },
  what: string,
  noun: string,
): asserts value is T {
  if (value instanceof (type as abstract new () => T)) return;
  refuseForeign(value, what);
  throw new TypeError(`${what}: ${noun} was expected, not ${kindOf(value)}`);
}

/** What a value is, for messages: never the value itself, which may be a secret. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return `${value}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Promise) return "a promise (await it)";
  if (value instanceof ArrayBuffer) return "an ArrayBuffer";
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  return typeof value === "object" ? "another object" : `a ${typeof value}`;
}
