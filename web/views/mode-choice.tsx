import type { Mode } from "../engine/messages.js";
import { useSpoken } from "../words/spoken.js";

/** Alone in the tab, or by the service that the page was built with. */
export function ModeChoice(props: {
  readonly mode: Mode;
  readonly service: string;
  readonly disabled: boolean;
  readonly onMode: (mode: Mode) => void;
}) {
  const { mode, service, disabled, onMode } = props;
  const { words } = useSpoken();
  const hints = { alone: words.mode.aloneHint, served: words.mode.servedHint(service) };
  return (
    <fieldset class="modes">
      <legend>{words.mode.legend}</legend>
      {(["alone", "served"] as const).map((each) => (
        <label key={each}>
          <input type="radio" name="mode" checked={mode === each} disabled={disabled} onChange={() => onMode(each)} />
          <span>
            <strong>{words.mode[each]}</strong>
            <small>{hints[each]}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
