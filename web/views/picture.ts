import { useEffect, useRef, useState } from "preact/hooks";
import type { Mode, Preview } from "../engine/messages.js";
import { PageError } from "../engine/page-error.js";
import type { RemoteEngine } from "../engine/remote.js";
import type { Task } from "./task.js";

/** The picture that was chosen last, whole: another network or frame is asked of it again. */
interface Chosen {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly name: string;
  readonly frame?: number;
}

export interface PictureState {
  /** Of the file. */
  readonly name: string | undefined;
  /** What the network sees of it; undefined while it is not known. */
  readonly preview: Preview | undefined;
  /** Whether the user takes a picture of another modality all the same. */
  readonly anyway: boolean;
  setAnyway(anyway: boolean): void;
  takeFiles(files: readonly File[]): void;
  takeSample(sample: string): void;
  showFrame(frame: number): void;
  /** Looks at it again, for another network. */
  again(): void;
  /** Forgets it. */
  drop(): void;
}

/** What a picture's file may have; the reader has bounds of its own. */
const MOST_FILE_BYTES = 2 ** 29;

/**
 * The picture, from the file to what is shown of it.
 * @param target whose network it is prepared for; undefined while there is none: it may be dropped before
 * @param onChange called when what was shown is gone
 */
export function usePicture(given: {
  readonly engine: RemoteEngine;
  readonly task: Task;
  readonly mode: Mode;
  readonly target: string | undefined;
  readonly locked: boolean;
  readonly onChange: () => void;
}): PictureState {
  const { engine, task, mode, target, locked, onChange } = given;
  const [chosen, setChosen] = useState<Chosen>();
  const [looked, setLooked] = useState<{ readonly chosen: Chosen; readonly target: string }>();
  const [preview, setPreview] = useState<Preview>();
  const [anyway, setAnyway] = useState(false);
  /** Count files and looks: what comes back late is not shown. */
  const taking = useRef(0);
  const looking = useRef(0);
  /** The chosen picture as of now: an effect that was put off sees the one before. */
  const current = useRef<Chosen | undefined>(undefined);

  const clear = () => {
    looking.current++;
    setAnyway(false);
    setPreview(undefined);
    setLooked(undefined);
    onChange();
  };
  const hold = (picture: Chosen | undefined) => {
    current.current = picture;
    setChosen(picture);
    clear();
  };
  useEffect(() => {
    if (task.busy || !chosen || chosen !== current.current || !target) return;
    if (looked?.chosen === chosen && looked.target === target) return;
    clear();
    setLooked({ chosen, target });
    const own = looking.current;
    const { bytes, name, frame } = chosen;
    void task.run(async () => {
      const found = await engine.call("look", [mode, bytes, name, frame]);
      if (own === looking.current) setPreview(found);
    });
  }, [chosen, target, looked, task.busy]);

  /** The picture before is gone at once, however long the new one takes; of two, the last one is taken. */
  const take = (name: string, content: () => Promise<Uint8Array<ArrayBuffer>>) => {
    hold(undefined);
    const own = ++taking.current;
    void task.run(async () => {
      const bytes = await content();
      if (own === taking.current) hold({ bytes, name });
    });
  };
  const takeFiles = (files: readonly File[]) =>
    take(files[0].name, async () => {
      if (files.length > 1) throw new PageError("oneFile", `${files.length} files were dropped at once`);
      return new Uint8Array(await files[0].slice(0, MOST_FILE_BYTES).arrayBuffer());
    });
  const takeSample = (sample: string) =>
    take(sample, async () => {
      const response = await fetch(new URL(`samples/${sample}`, document.baseURI));
      if (!response.ok) throw new PageError("missingFile", `samples/${sample}`);
      return new Uint8Array(await response.arrayBuffer());
    });
  // Beside the box a browser would open the file in the place of the page, and an open key would be gone.
  useEffect(() => {
    // A field takes what is dropped on it.
    const isField = ({ target }: DragEvent) => target instanceof HTMLInputElement && target.closest(".drop") === null;
    const over = (event: DragEvent) => {
      if (!isField(event)) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      if (isField(event)) return;
      event.preventDefault();
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length > 0 && !locked) takeFiles(files);
    };
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    };
  }, [locked]);
  return {
    ...{ name: chosen?.name, preview, anyway, setAnyway, takeFiles, takeSample },
    showFrame: (frame) => chosen && hold({ ...chosen, frame }),
    again: clear,
    drop() {
      taking.current++;
      hold(undefined);
    },
  };
}
