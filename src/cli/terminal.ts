import { Presets, SingleBar } from "cli-progress";
import { type ColorDepth, colorDepth } from "../data/terminal-picture.js";

export interface Progress {
  /** A total that was unknown at first may be given here. */
  update(done: number, total?: number): void;
  stop(): void;
}

/** Where the command writes: results to stdout, warnings and progress to stderr. */
export interface Terminal {
  readonly json: boolean;
  readonly color: ColorDepth;
  /** Lines for a person; nothing with --json. */
  say(text: string): void;
  /** The one object of --json. */
  object(value: object): void;
  /** One line on stderr. */
  warn(text: string): void;
  /** A bar on stderr, gone when it stops; nothing unless stderr is a terminal. */
  progress(label: string, total: number): Progress;
}

export function openTerminal({ json = false }: { readonly json?: boolean }): Terminal {
  return {
    json,
    color: colorDepth(process.stdout, process.env),
    say: (text) => {
      if (!json) process.stdout.write(`${text}\n`);
    },
    object: (value) => void process.stdout.write(`${JSON.stringify(value)}\n`),
    warn: (text) => void process.stderr.write(`blindsight: ${text.replace(/[\s\p{Cc}]+/gu, " ")}\n`),
    progress: (label, total) => (process.stderr.isTTY ? openBar(label, total) : silent),
  };
}

const silent: Progress = { update() {}, stop() {} };

function openBar(label: string, total: number): Progress {
  const bar = new SingleBar(
    { stream: process.stderr, clearOnComplete: true, hideCursor: true, format: `  ${label} {bar} {percentage} %` },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return {
    update(done, known) {
      if (known !== undefined) bar.setTotal(known);
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}
