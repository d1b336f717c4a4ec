import type { Fault } from "../engine/messages.js";
import { type PageCode, PageError } from "../engine/page-error.js";
import { EngineError } from "../engine/remote.js";
import type { Words } from "../words/en.js";
import { useSpoken } from "../words/spoken.js";

/** What went wrong, of whatever was thrown. */
export function faultFrom(error: unknown): Fault {
  if (error instanceof EngineError) return error.fault;
  if (error instanceof PageError) {
    return { of: "page", name: error.name, code: error.code, message: error.message };
  }
  const { name, message } = error instanceof Error ? error : { name: "Error", message: `${error}` };
  return { of: "browser", name, message };
}

/** Each speaks with a voice of its own: a service's codes are looked up among services' only. */
function wordsFor({ of, name, code = "" }: Fault, { failure }: Words): string {
  if (of === "page") return failure.page[code as PageCode] ?? failure.other;
  if (of === "service") return found(failure.service, code) ?? failure.serviceOther;
  return found(of === "library" ? failure.library : failure.browser, name) ?? failure.other;
}

function found(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** An error in words, with the way out, and what the software says of it. */
export function Failure({ fault }: { readonly fault: Fault | undefined }) {
  const { words } = useSpoken();
  const { title, technical } = words.failure;
  return (
    <div role="alert" class={fault ? "failure" : undefined}>
      {fault && (
        <>
          <h3>{title}</h3>
          <p>{wordsFor(fault, words)}</p>
          <details>
            <summary>{technical}</summary>
            <p lang="en">
              {fault.message}
              {fault.fix && ` → ${fault.fix}`}
            </p>
          </details>
        </>
      )}
    </div>
  );
}
