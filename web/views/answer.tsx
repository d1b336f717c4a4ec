import { useEffect, useRef } from "preact/hooks";
import { CIPHERTEXT_SIDE } from "../engine/ciphertext.js";
import type { Outcome, Preview } from "../engine/messages.js";
import { useSpoken } from "../words/spoken.js";
import { greyPixels, Pixels } from "./canvas.js";
import { Sending } from "./sending.js";

/** What came of a diagnosis, what left the computer for it, and what to print. */
export function Answer(props: { readonly outcome: Outcome; readonly preview: Preview; readonly at: number }) {
  const { outcome, preview, at } = props;
  const spoken = useSpoken();
  const { result, image } = spoken.words;
  const { card, scores, verdict, ciphertext } = outcome;
  const labels = card.labels.map((label) => spoken.label(label));
  const { decision } = card;
  const { width, height, pixels } = preview;
  return (
    <section aria-labelledby="answer-heading" class="answer">
      <h2 id="answer-heading" tabIndex={-1}>
        {result.heading}
      </h2>
      <p class="verdict">{verdict === undefined ? result.each : result.verdict(labels[verdict])}</p>
      <p class="no-device">{spoken.words.noDevice}</p>
      {preview.clash && <p class="warning">{image.clash(preview.clash.modality, preview.clash.wanted.join(" / "))}</p>}
      {preview.unlike !== undefined && <p class="warning">{image.unlikeAnswer}</p>}
      <dl class="scores">
        {scores.map((score, k) => (
          // Labels may be alike; classes never change places.
          <div key={k}>
            <dt>{labels[k]}</dt>
            <dd>
              <meter min={0} max={1} value={score} aria-label={`${result.score}: ${labels[k]}`} />
              <span>{spoken.score(score)}</span>
            </dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        {result.scoreHint} {decision && result.threshold(labels[decision.positive], spoken.score(decision.threshold))}
      </p>
      <div class="pair">
        <figure>
          <Pixels {...{ width, height, pixels }} alt={result.youAlt} />
          <figcaption>{result.you}</figcaption>
        </figure>
        <figure>
          <Pixels
            width={CIPHERTEXT_SIDE}
            height={CIPHERTEXT_SIDE}
            pixels={greyPixels(ciphertext, CIPHERTEXT_SIDE)}
            alt={result.theyAlt}
          />
          <figcaption>{result.they}</figcaption>
        </figure>
      </div>
      <Sending outcome={outcome} />
      <Identities outcome={outcome} at={at} />
      <p>
        <button type="button" class="print" onClick={() => window.print()}>
          {result.print}
        </button>
      </p>
    </section>
  );
}

function Identities({ outcome, at }: { readonly outcome: Outcome; readonly at: number }) {
  const spoken = useSpoken();
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const unfold = () => {
      if (details.current) details.current.open = true;
    };
    addEventListener("beforeprint", unfold);
    return () => removeEventListener("beforeprint", unfold);
  }, []);
  const { result } = spoken.words;
  const { milliseconds: took, model, sent } = outcome;
  const timed = (part: "keys" | "weights" | "encrypt" | "decrypt") => {
    const milliseconds = took[part];
    return [result.times[part], milliseconds === undefined ? undefined : spoken.seconds(milliseconds)] as const;
  };
  const rows: readonly (readonly [string, string | undefined])[] = [
    [result.at, spoken.moment(at)],
    [result.model, result.modelValue(model.name, model.version)],
    [result.owner, model.owner],
    ...(["keys", "weights", "encrypt"] as const).map(timed),
    [sent.length > 0 ? result.times.computeServed : result.times.compute, spoken.seconds(took.compute)],
    timed("decrypt"),
    [result.modelHash, model.sha256],
    [result.imageHash, outcome.image],
    [result.plan, outcome.plan],
    [result.key, outcome.key],
  ];
  return (
    <details class="identities" open ref={details}>
      <summary>{result.details}</summary>
      <dl>
        {rows.map(
          ([name, value]) =>
            value !== undefined && (
              <div key={name}>
                <dt>{name}</dt>
                <dd class={/^[0-9a-f]{64}$/.test(value) ? "hash" : undefined}>{value}</dd>
              </div>
            ),
        )}
      </dl>
      {sent.length > 0 && <p class="hint">{result.nothingProves}</p>}
    </details>
  );
}
