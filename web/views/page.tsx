import { useEffect, useRef, useState } from "preact/hooks";
import type { Card, Computing, KeyStanding, Mode, Outcome, PageConfig, Preview } from "../engine/messages.js";
import { PageError } from "../engine/page-error.js";
import type { RemoteEngine } from "../engine/remote.js";
import { useSpoken } from "../words/spoken.js";
import { Answer } from "./answer.js";
import { Failure } from "./failure.js";
import { ImageChoice } from "./image-choice.js";
import { KeyPanel } from "./key-panel.js";
import { ModeChoice } from "./mode-choice.js";
import { ModelChoice } from "./model-choice.js";
import { Running } from "./running.js";
import { useTask } from "./task.js";

/** The picture that was chosen last, whole: another network or frame is asked of it again. */
interface Chosen {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly name: string;
  readonly frame?: number;
}

interface Answered {
  readonly outcome: Outcome;
  readonly preview: Preview;
  readonly at: number;
}

export function Page({ engine, config }: { readonly engine: RemoteEngine; readonly config: PageConfig }) {
  const { words } = useSpoken();
  const { models, service } = config;
  const task = useTask();
  const [mode, setMode] = useState<Mode>("alone");
  const [computing, setComputing] = useState<Computing>();
  const [brought, setBrought] = useState(models[0]?.id);
  const [card, setCard] = useState<Card>();
  const [standing, setStanding] = useState<KeyStanding>();
  const [served, setServed] = useState<string>();
  const [chosen, setChosen] = useState<Chosen>();
  const [looked, setLooked] = useState<{ readonly chosen: Chosen; readonly target: string }>();
  const [preview, setPreview] = useState<Preview>();
  const [anyway, setAnyway] = useState(false);
  const [answered, setAnswered] = useState<Answered>();
  /** Meanwhile nothing else is chosen: an answer is paid for, and stands beside its own picture. */
  const [asking, setAsking] = useState(false);
  const answer = useRef<HTMLDivElement>(null);
  const taking = useRef(0);

  /** Whose network the picture is prepared for: the brought one, or that of the open key. */
  const target = mode === "alone" ? card && brought : standing?.fingerprint;
  const clear = () => {
    setAnyway(false);
    setAnswered(undefined);
    setPreview(undefined);
  };
  const choose = (id: string) => {
    setBrought(id);
    setCard(undefined);
    clear();
    return task.run(async (onward) => setCard(await engine.call("choose", [id], onward)));
  };
  useEffect(() => {
    void task.run(async (onward) => {
      onward({ stage: "device", done: 0, total: 1 });
      setComputing(await engine.call("open", [config, document.baseURI]));
      if (models[0]) setCard(await engine.call("choose", [models[0].id], onward));
    });
  }, []);
  // A picture may be dropped before anything is ready for it.
  useEffect(() => {
    if (task.busy || !chosen || !target || (looked?.chosen === chosen && looked.target === target)) return;
    setLooked({ chosen, target });
    clear();
    const { bytes, name, frame } = chosen;
    void task.run(async () => setPreview(await engine.call("look", [mode, bytes, name, frame])));
  }, [chosen, target, looked, task.busy]);

  /** The picture before is gone at once, however long the new one takes; of two, the last one is taken. */
  const take = (name: string, content: () => Promise<Uint8Array<ArrayBuffer>>) => {
    const own = ++taking.current;
    setChosen(undefined);
    clear();
    return task.run(async () => {
      const bytes = await content();
      if (own === taking.current) setChosen({ bytes, name });
    });
  };
  const takeFile = (file: File) => take(file.name, () => contentOf(file));
  const takeSample = (sample: string) =>
    take(sample, async () => {
      const response = await fetch(new URL(`samples/${sample}`, document.baseURI));
      if (!response.ok) throw new PageError("missingFile", `samples/${sample}`);
      return new Uint8Array(await response.arrayBuffer());
    });
  const changeMode = (wanted: Mode) => {
    setMode(wanted);
    setLooked(undefined);
    clear();
  };
  const stand = (now: KeyStanding | undefined) => {
    setStanding(now);
    if (!now) {
      clear();
      setLooked(undefined);
    }
    if (!now?.models.some(({ id }) => id === served)) setServed(now?.models[0]?.id);
  };
  const ask = async () => {
    if (!preview) return;
    setAnswered(undefined);
    setAsking(true);
    const { serial } = preview;
    const outcome = await task.run((onward) =>
      mode === "alone"
        ? engine.call("diagnoseAlone", [serial], onward)
        : engine.call("diagnoseServed", [served ?? "", serial], onward),
    );
    setAsking(false);
    if (outcome) setAnswered({ outcome, preview, at: Date.now() });
  };
  useEffect(() => {
    if (answered) answer.current?.querySelector("h2")?.focus();
  }, [answered]);

  const ready = mode === "alone" ? card !== undefined : standing !== undefined && served !== undefined;
  const samples = mode === "served" || brought?.includes("phantom") ? config.samples : [];
  return (
    <>
      {service !== null && <ModeChoice {...{ mode, service }} onMode={changeMode} disabled={asking} />}
      {mode === "alone" ? (
        <ModelChoice {...{ models, card }} disabled={asking} chosen={brought} onChoose={choose} />
      ) : (
        <KeyPanel {...{ engine, standing }} disabled={asking} onStanding={stand} model={served} onModel={setServed} />
      )}
      <ImageChoice
        disabled={asking}
        samples={samples}
        preview={preview}
        onFile={takeFile}
        onSample={takeSample}
        anyway={anyway}
        onAnyway={setAnyway}
        onFrame={(frame) => chosen && setChosen({ ...chosen, frame })}
      />
      <div class="run">
        <button
          type="button"
          class="primary"
          disabled={task.busy || !ready || !preview || (preview.clash && !anyway)}
          onClick={ask}
        >
          {words.run.button}
        </button>
        <Running progress={task.progress} />
      </div>
      <Failure fault={task.fault} />
      <div ref={answer}>{answered && <Answer {...answered} />}</div>
      <p class="hint engine">{computing && <Described computing={computing} />}</p>
    </>
  );
}

/** What a picture's file may have; the reader has bounds of its own. */
const MOST_FILE_BYTES = 2 ** 29;

async function contentOf(file: File): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.slice(0, MOST_FILE_BYTES).arrayBuffer());
}

function Described({ computing }: { readonly computing: Computing }) {
  const { words } = useSpoken();
  const { device, isolated } = computing;
  const how = /gpu/i.test(device) ? "" : isolated ? words.engine.shared : words.engine.single;
  return (
    <>
      {words.engine.on(device)} {how}
    </>
  );
}
