import type { Fault } from "../engine/messages.js";
import { PageError } from "../engine/page-error.js";
import { EngineError } from "../engine/remote.js";
import { useSpoken } from "../words/spoken.js";

/** What went wrong, of whatever was thrown. */
export function faultFrom(error: unknown): Fault {
  if (error instanceof EngineError) return error.fault;
  if (error instanceof PageError) return { name: error.name, code: error.code, message: error.message };
  return error instanceof Error ? { name: error.name, message: error.message } : { name: "Error", message: `${error}` };
}

/** An error in words, with the way out, and what the software says of it. */
export function Failure({ fault }: { readonly fault: Fault | undefined }) {
  const { words } = useSpoken();
  const { kinds, other, title, technical } = words.failure;
  const known = fault && (kinds[fault.code ?? ""] ?? kinds[fault.name]);
  return (
    <div role="alert" class={fault ? "failure" : undefined}>
      {fault && (
        <>
          <h3>{title}</h3>
          <p>{known ?? other}</p>
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
