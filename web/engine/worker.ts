/** The engine's worker: keys, pictures and results live here, so that the page's own thread stays free for its user. */
import { type Answer, type Call, type Fault, LASTING, type Progress } from "./messages.js";

// Before anything of the library is evaluated, hence the import() below: its classes have methods of this name.
const symbols = Symbol as unknown as { dispose?: symbol };
symbols.dispose ??= Symbol("Symbol.dispose");

const scope = self as unknown as { onmessage: (event: MessageEvent<Call>) => void; postMessage(answer: Answer): void };
const opening = import("./engine.js").then(({ PageEngine }) => new PageEngine());

/** Calls of earlier generations are not begun. */
let alive = 0;
let last: Promise<unknown> = Promise.resolve();

scope.onmessage = async ({ data }) => {
  if ("interrupt" in data) {
    alive = data.interrupt;
    (await opening).interrupt(data.lock);
    return;
  }
  // One after the other: all of them share one device and one picture.
  last = last.then(() => (data.generation < alive && !LASTING.has(data.method) ? undefined : answer(data)));
};

async function answer({ id, method, args }: Exclude<Call, { interrupt: number }>): Promise<void> {
  try {
    const engine = await opening;
    engine.onProgress = (progress: Progress) => scope.postMessage({ id, progress });
    const value = await (engine[method] as (...args: unknown[]) => Promise<unknown>).apply(engine, [...args]);
    scope.postMessage({ id, value });
  } catch (error) {
    scope.postMessage({ id, fault: faultOf(error) });
  }
}

/** Texts of a service's may have any length. */
const MOST_CHARACTERS = 500;

function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { of: "browser", name: "Error", message: String(error) };
  const { name, message, fix, code } = error as Error & { fix?: unknown; code?: unknown };
  const of =
    name === "PageError"
      ? "page"
      : name === "ServiceError"
        ? "service"
        : error instanceof DOMException
          ? "browser"
          : "library";
  return {
    of,
    name,
    message: message.slice(0, MOST_CHARACTERS),
    ...(typeof fix === "string" && { fix: fix.slice(0, MOST_CHARACTERS) }),
    ...(typeof code === "string" && { code }),
  };
}
