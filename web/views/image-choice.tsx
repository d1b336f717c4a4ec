import { useState } from "preact/hooks";
import type { Preview } from "../engine/messages.js";
import { useSpoken } from "../words/spoken.js";
import { Pixels } from "./canvas.js";

interface Shown {
  /** Of the file. */
  readonly name: string | undefined;
  /** While an answer is under way. */
  readonly disabled: boolean;
  /** Whether the user takes a picture of another modality all the same. */
  readonly anyway: boolean;
  readonly onAnyway: (anyway: boolean) => void;
  readonly onFrame: (frame: number) => void;
}

/** Takes a picture, by a dialogue, by dropping it or as a sample, and shows what the network sees of it. */
export function ImageChoice(
  props: {
    readonly samples: readonly string[];
    readonly preview: Preview | undefined;
    readonly onFiles: (files: readonly File[]) => void;
    readonly onSample: (sample: string) => void;
  } & Shown,
) {
  const { disabled, samples, preview, onFiles, onSample } = props;
  const { words } = useSpoken();
  const [over, setOver] = useState(false);
  return (
    <section aria-labelledby="image-heading">
      <h2 id="image-heading">{words.image.heading}</h2>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: what is dropped anywhere is taken; this only shows where */}
      <div
        class={over ? "drop over" : "drop"}
        onDragOver={() => setOver(true)}
        onDragLeave={() => setOver(false)}
        onDrop={() => setOver(false)}
      >
        <label class="file">
          <span>{words.image.choose}</span>
          <input
            type="file"
            disabled={disabled}
            accept=".png,.jpg,.jpeg,.dcm,image/png,image/jpeg,application/dicom"
            onChange={(event) => {
              const { currentTarget: input } = event;
              const files = [...(input.files ?? [])];
              input.value = ""; // the same file again is a change, too
              if (files.length > 0) onFiles(files);
            }}
          />
        </label>
        <p class="hint">{words.image.drop}</p>
        {samples.length > 0 ? (
          <p class="samples">
            {samples.map((sample, k) => (
              <button key={sample} type="button" disabled={disabled} onClick={() => onSample(sample)}>
                {words.image.sample} {k + 1}
              </button>
            ))}
          </p>
        ) : (
          <p class="hint">{words.image.sampleNone}</p>
        )}
      </div>
      <p role="status" class="visually-hidden">
        {preview && [words.image.preview, preview.unlike && words.image.unlike].filter(Boolean).join(". ")}
      </p>
      {preview && <Seen {...props} preview={preview} />}
    </section>
  );
}

function Seen(props: Shown & { readonly preview: Preview }) {
  const { preview, anyway, onAnyway, onFrame, disabled } = props;
  const spoken = useSpoken();
  const { image } = spoken.words;
  const { width, height, pixels, original, frames, tags, unlike, clash } = preview;
  const [columns, rows] = original.map((extent) => spoken.count(extent));
  return (
    <div class="seen">
      <figure>
        <Pixels {...{ width, height, pixels }} alt={image.previewAlt(spoken.count(width), spoken.count(height))} />
        <figcaption>{image.preview}</figcaption>
      </figure>
      <div>
        <p class="hint">{image.facts(preview.format.toUpperCase(), columns, rows)}</p>
        {props.name !== undefined && <p class="hint">{image.file(props.name)}</p>}
        {frames > 1 && <p>{spoken.words.result.frame(spoken.count(preview.frame), spoken.count(frames))}</p>}
        {!preview.checked && <p class="hint">{image.unchecked}</p>}
        {frames > 1 && <Frame {...{ preview, disabled, onFrame }} />}
        {clash && (
          <div class="warning">
            <p>
              <strong>{image.clash(clash.modality, clash.wanted.join(" / "))}</strong>
            </p>
            <label class="check">
              <input type="checkbox" checked={anyway} onChange={(event) => onAnyway(event.currentTarget.checked)} />
              {image.clashAnyway}
            </label>
          </div>
        )}
        {unlike !== undefined && (
          <div class="warning">
            <p>
              <strong>{image.unlike}</strong>
            </p>
            <details>
              <summary>{spoken.words.failure.technical}</summary>
              <p lang="en">{unlike}</p>
            </details>
          </div>
        )}
        {tags.length > 0 && (
          <details class="tags">
            <summary>{image.tags}</summary>
            <p class="hint">{image.tagsHint}</p>
            <dl>
              {tags.map(({ name, value }) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </details>
        )}
      </div>
    </div>
  );
}

function Frame(props: {
  readonly preview: Preview;
  readonly disabled: boolean;
  readonly onFrame: (frame: number) => void;
}) {
  const { preview, disabled, onFrame } = props;
  const spoken = useSpoken();
  const { image } = spoken.words;
  const [wanted, setWanted] = useState(`${preview.frame}`);
  const submit = (event: Event) => {
    event.preventDefault();
    const frame = Number(wanted);
    if (Number.isInteger(frame) && frame >= 1 && frame <= preview.frames) onFrame(frame);
  };
  return (
    <form onSubmit={submit} class="frame">
      <label>
        {image.frame(spoken.count(preview.frames))}
        <input
          type="number"
          min={1}
          max={preview.frames}
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={disabled}>
        {image.show}
      </button>
    </form>
  );
}
