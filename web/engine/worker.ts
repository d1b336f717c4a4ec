/** The engine's worker: keys, pictures and results live here, so that the page's own thread stays free for its user. */
import { PageEngine } from "./engine.js";
import type { Answer, Call, Fault, Progress } from "./messages.js";

const scope = self as unknown as { onmessage: (event: MessageEvent<Call>) => void; postMessage(answer: Answer): void };
const engine = new PageEngine();

scope.onmessage = async ({ data: { id, method, args } }) => {
  engine.onProgress = (progress: Progress) => scope.postMessage({ id, progress });
  try {
    const value = await (engine[method] as (...args: unknown[]) => Promise<unknown>).apply(engine, [...args]);
    scope.postMessage({ id, value });
  } catch (error) {
    scope.postMessage({ id, fault: faultOf(error) });
  }
};

function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, fix, code } = error as Error & { fix?: unknown; code?: unknown };
  return {
    name,
    message,
    ...(typeof fix === "string" && { fix }),
    ...(typeof code === "string" && { code }),
  };
}
