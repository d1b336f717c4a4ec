import type { Progress } from "../engine/messages.js";
import { useSpoken } from "../words/spoken.js";

/** Where a long call is; said to screen readers by its stage, not by its number. */
export function Running({ progress }: { readonly progress: Progress | undefined }) {
  const { words } = useSpoken();
  const stage = progress && words.run.stages[progress.stage];
  return (
    <div class="running">
      <p role="status">{stage}</p>
      {progress && (
        <progress aria-label={stage} max={progress.total} value={progress.total > 1 ? progress.done : undefined} />
      )}
    </div>
  );
}
