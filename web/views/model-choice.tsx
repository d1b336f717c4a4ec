import type { BroughtModel, Card } from "../engine/messages.js";
import { useSpoken } from "../words/spoken.js";

/** Which of the networks that the page brings along is asked. */
export function ModelChoice(props: {
  readonly models: readonly BroughtModel[];
  readonly chosen: string | undefined;
  readonly card: Card | undefined;
  readonly disabled: boolean;
  readonly onChoose: (id: string) => void;
}) {
  const { models, chosen, card, disabled, onChoose } = props;
  const { words } = useSpoken();
  return (
    <section aria-labelledby="model-heading">
      <h2 id="model-heading">{words.model.heading}</h2>
      <label>
        {words.model.label}
        <select value={chosen} disabled={disabled} onChange={(event) => onChoose(event.currentTarget.value)}>
          {models.map(({ id }) => (
            <option key={id} value={id}>
              {words.model.names[id] ?? id}
            </option>
          ))}
        </select>
      </label>
      {card && <p class="hint">{words.model.about(card.name)}</p>}
    </section>
  );
}
