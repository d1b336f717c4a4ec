import { useEffect, useRef, useState } from "preact/hooks";
import type {
  Card,
  Computing,
  KeyStanding,
  Mode,
  Outcome,
  PageConfig,
  Preview,
  ServedPlan,
} from "../engine/messages.js";
import { EngineError, type RemoteEngine } from "../engine/remote.js";
import { useSpoken } from "../words/spoken.js";
import { Answer } from "./answer.js";
import { Failure } from "./failure.js";
import { ImageChoice } from "./image-choice.js";
import { KeyPanel } from "./key-panel.js";
import { ModeChoice } from "./mode-choice.js";
import { ModelChoice } from "./model-choice.js";
import { usePicture } from "./picture.js";
import { Running } from "./running.js";
import { useTask } from "./task.js";

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
  const [plans, setPlans] = useState<readonly ServedPlan[]>();
  const [standing, setStanding] = useState<KeyStanding>();
  const [served, setServed] = useState<string>();
  const [answered, setAnswered] = useState<Answered>();
  /** Meanwhile nothing else is chosen: an answer is paid for, and stands beside its own picture. */
  const [asking, setAsking] = useState(false);
  const answer = useRef<HTMLDivElement>(null);
  /** As of now: answers of the engine come to functions of an earlier rendering. */
  const standingNow = useRef<KeyStanding | undefined>(undefined);
  const servedNow = useRef<string | undefined>(undefined);
  /** Counts networks: one that comes back late is not shown. */
  const choosing = useRef(0);
  /** Whose network the picture is prepared for: the brought one, or that of the open key. */
  const target = mode === "alone" ? card && brought : standing?.fingerprint;
  const onChange = () => setAnswered(undefined);
  const picture = usePicture({ engine, task, mode, target, locked: asking, onChange });
  const { preview, anyway } = picture;

  const choose = (id: string) => {
    picture.again();
    setBrought(id);
    setCard(undefined);
    const own = ++choosing.current;
    return task.run(async (onward) => {
      const found = await engine.call("choose", [id], onward);
      if (own === choosing.current) setCard(found);
    });
  };
  useEffect(() => {
    void task.run(async (onward) => {
      onward({ stage: "device", done: 0, total: 1 });
      setComputing(await engine.call("open", [config, document.baseURI]));
      const own = choosing.current;
      const first = models[0] && (await engine.call("choose", [models[0].id], onward));
      if (own === choosing.current) setCard(first);
    });
  }, []);
  const changeMode = (wanted: Mode) => {
    // Whatever is under way: an open key is not left behind where nobody sees it.
    engine.interrupt(true);
    stand(undefined);
    setMode(wanted);
    picture.again();
  };
  const stand = (now: KeyStanding | undefined) => {
    const before = standingNow.current;
    standingNow.current = now;
    // The picture of whoever had the key open before.
    if (before && before.fingerprint !== now?.fingerprint) picture.drop();
    setStanding(now);
    const open = now?.models.filter(({ left }) => left > 0) ?? [];
    const { current } = servedNow;
    // One is taken; among several, or in the place of one that is gone, the user chooses.
    if (!open.some(({ id }) => id === current)) {
      const isFirst = current === undefined || before?.fingerprint !== now?.fingerprint;
      pick(isFirst && open.length === 1 ? open[0].id : undefined);
    }
  };
  const pick = (id: string | undefined) => {
    servedNow.current = id;
    setServed(id);
    setAnswered(undefined);
  };
  const ask = async () => {
    if (!preview || reason !== undefined) return;
    setAnswered(undefined);
    setAsking(true);
    const { serial } = preview;
    const outcome = await task.run(async (onward) => {
      try {
        return mode === "alone"
          ? await engine.call("diagnoseAlone", [brought ?? "", serial], onward)
          : await engine.call("diagnoseServed", [served ?? "", serial], onward);
      } catch (error) {
        // Asked once more, it would tell the service that this answer was refused.
        if (error instanceof EngineError && error.fault.code === "answerRefused") picture.drop();
        throw error;
      }
    });
    setAsking(false);
    if (outcome) setAnswered({ outcome, preview, at: Date.now() });
  };
  useEffect(() => {
    if (answered) answer.current?.querySelector("h2")?.focus();
  }, [answered]);

  const ready = mode === "alone" ? card !== undefined : standing !== undefined && served !== undefined;
  const { why } = words.run;
  const reason = task.busy
    ? why.busy
    : !ready
      ? why.model
      : !preview
        ? why.picture
        : preview.clash && !anyway
          ? why.clash
          : undefined;
  const samples = mode === "served" || brought?.includes("phantom") ? config.samples : [];
  return (
    <>
      {service !== null && <ModeChoice {...{ mode, service }} onMode={changeMode} disabled={asking} />}
      {mode === "alone" ? (
        <ModelChoice {...{ models, card }} disabled={asking} chosen={brought} onChoose={choose} />
      ) : (
        <KeyPanel
          {...{ engine, plans, standing }}
          disabled={asking}
          onPlans={setPlans}
          onStanding={stand}
          model={served}
          onModel={pick}
        />
      )}
      <ImageChoice
        {...{ samples, preview, anyway }}
        disabled={asking}
        name={picture.name}
        onFiles={picture.takeFiles}
        onSample={picture.takeSample}
        onAnyway={picture.setAnyway}
        onFrame={picture.showFrame}
      />
      <div class="run">
        <button
          type="button"
          class="primary"
          aria-disabled={reason !== undefined}
          aria-describedby="ask-reason"
          onClick={ask}
        >
          {words.run.button}
        </button>
        <p class="hint" id="ask-reason">
          {reason}
        </p>
        <Running progress={task.progress} />
        {asking && (
          <p>
            <button type="button" onClick={() => engine.interrupt(false)}>
              {words.run.stop}
            </button>{" "}
            {mode === "served" && <span class="hint">{words.run.stopHint}</span>}
          </p>
        )}
      </div>
      <Failure fault={task.fault} />
      <div ref={answer}>{answered && <Answer {...answered} />}</div>
      <p class="hint engine">{computing && <Described computing={computing} />}</p>
    </>
  );
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
