import { useCallback, useRef, useState } from "preact/hooks";
import type { Fault, Progress } from "../engine/messages.js";
import { faultFrom } from "./failure.js";

/** Something that runs for a while: whether it does, how far it is, and why it failed. */
export interface Task {
  readonly busy: boolean;
  readonly progress: Progress | undefined;
  readonly fault: Fault | undefined;
  /** Runs one at a time, the others after it. @returns undefined where it failed */
  run<T>(work: (onward: (progress: Progress) => void) => Promise<T>): Promise<T | undefined>;
}

export function useTask(): Task {
  const [state, setState] = useState<Pick<Task, "busy" | "progress" | "fault">>({
    busy: false,
    progress: undefined,
    fault: undefined,
  });
  const last = useRef<Promise<unknown>>(Promise.resolve());
  const run = useCallback(<T>(work: (onward: (progress: Progress) => void) => Promise<T>): Promise<T | undefined> => {
    const one = async () => {
      setState({ busy: true, progress: undefined, fault: undefined });
      let fault: Fault | undefined;
      try {
        return await work((progress) => setState({ busy: true, progress, fault: undefined }));
      } catch (error) {
        const found = faultFrom(error);
        // What the user ended is no failure.
        fault = found.of === "page" && found.code === "stopped" ? undefined : found;
        return undefined;
      } finally {
        setState({ busy: false, progress: undefined, fault });
      }
    };
    const running = last.current.then(one);
    last.current = running;
    return running;
  }, []);
  return { ...state, run };
}
