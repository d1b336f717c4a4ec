import { ParameterError } from "../errors.js";

/**
 * Which of a file's frames is meant: the only one, or the one that was named.
 * @throws ParameterError where there are several and none was named, or the named one is not there
 */
export function chooseFrame(file: string, frames: number, frame: number | undefined): number {
  if (frame === undefined && frames > 1) {
    throw new ParameterError(`${file} has ${frames} frames`, `say which: \`frame\` (--frame), 1 to ${frames}`);
  }
  if (frame !== undefined && frame > frames) {
    const fix = frames === 1 ? "leave `frame` (--frame) out" : `take a \`frame\` (--frame) from 1 to ${frames}`;
    throw new ParameterError(`${file} has ${frames === 1 ? "one frame" : `${frames} frames`}, no frame ${frame}`, fix);
  }
  return frame ?? 1;
}

/** The same of a file that has one picture. */
export function requireOnlyFrame(file: string, frame: number | undefined): void {
  chooseFrame(file, 1, frame);
}
