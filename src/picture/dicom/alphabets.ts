import { beginsWith } from "../signatures.js";

/**
 * Text of a data set in the alphabets that its Specific Character Set names: one of them, or several, between which escape sequences
 * change (code extensions). Decoded piece by piece with the platform's own decoders.
 * @returns undefined where an alphabet is not known here, or not to the platform: a name must not be shown as another
 * Source: PS3.3, C.12.1.1.2; PS3.5, 6.1.2.
 */
export function decodeText(bytes: Uint8Array, names: readonly string[]): string | undefined {
  const escapes = bytes.includes(escapeByte);
  if (names.length === 0 || (!escapes && bytes.every((byte) => byte < 128))) return decoded(bytes, "windows-1252");
  const [first] = names;
  const initial = right.get(first.replace("ISO 2022 IR", "ISO_IR"));
  if (names.length === 1 && !first.startsWith("ISO 2022")) {
    const encoding = wholly.get(first) ?? initial;
    return encoding && decoded(bytes, encoding);
  }
  if (initial === undefined) return undefined;
  const texts = piecesOf(bytes, initial).map((piece) => piece && decodedPiece(piece));
  return texts.includes(undefined) ? undefined : texts.join("");
}

const escapeByte = 0x1b;

/** Character sets that stand for themselves, with names of the Encoding Standard. */
const wholly: ReadonlyMap<string, string> = new Map([
  ["ISO_IR 192", "utf-8"],
  ["GB18030", "gb18030"],
  ["GBK", "gbk"],
]);

/** What bytes from 128 on are, in the set that a text begins with; "" for nothing. */
const right: ReadonlyMap<string, string> = new Map([
  ["", ""],
  ["ISO_IR 6", ""],
  ["ISO_IR 100", "windows-1252"],
  ["ISO_IR 101", "iso-8859-2"],
  ["ISO_IR 109", "iso-8859-3"],
  ["ISO_IR 110", "iso-8859-4"],
  ["ISO_IR 144", "iso-8859-5"],
  ["ISO_IR 127", "iso-8859-6"],
  ["ISO_IR 126", "iso-8859-7"],
  ["ISO_IR 138", "iso-8859-8"],
  ["ISO_IR 148", "windows-1254"],
  ["ISO_IR 203", "iso-8859-15"],
  ["ISO_IR 13", "shift_jis"],
  ["ISO_IR 166", "windows-874"],
  ["ISO_IR 87", ""],
  ["ISO_IR 159", ""],
  ["ISO_IR 149", "euc-kr"],
  ["ISO_IR 58", "gbk"],
]);

/** What follows an escape: which half it changes, and to what. */
const escapes: readonly [sequence: string, half: "left" | "right", encoding: string][] = [
  ["(B", "left", ""],
  ["(J", "left", ""],
  ["$B", "left", "iso-2022-jp"],
  ["$(D", "left", "jis-x-0212"],
  ["-A", "right", "windows-1252"],
  ["-B", "right", "iso-8859-2"],
  ["-C", "right", "iso-8859-3"],
  ["-D", "right", "iso-8859-4"],
  ["-L", "right", "iso-8859-5"],
  ["-G", "right", "iso-8859-6"],
  ["-F", "right", "iso-8859-7"],
  ["-H", "right", "iso-8859-8"],
  ["-M", "right", "windows-1254"],
  ["-b", "right", "iso-8859-15"],
  [")I", "right", "shift_jis"],
  ["-T", "right", "windows-874"],
  ["$)C", "right", "euc-kr"],
  ["$)A", "right", "gbk"],
];

interface Piece {
  readonly bytes: Uint8Array;
  readonly left: string;
  readonly right: string;
}

/** Runs of bytes between which neither half changes; undefined where an escape sequence is none of the known. */
function piecesOf(bytes: Uint8Array, initial: string): (Piece | undefined)[] {
  const pieces: (Piece | undefined)[] = [];
  const halves = { left: "", right: initial };
  let from = 0;
  const cut = (to: number) => {
    if (to > from) pieces.push({ bytes: bytes.subarray(from, to), ...halves });
    from = to;
  };
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === escapeByte) {
      cut(at);
      const found = escapes.find(([text]) => beginsWith(bytes, text, at + 1));
      if (!found) return [undefined];
      halves[found[1]] = found[2];
      at += found[0].length;
      from = at + 1;
    } else if (halves.left === "" && delimiters.has(bytes[at])) {
      // At the end of a part of a name, of a value or of a line, the initial alphabet is back.
      cut(at);
      halves.right = initial;
    }
  }
  cut(bytes.length);
  return pieces;
}

/** ^ = \ and the ends of lines. */
const delimiters: ReadonlySet<number> = new Set([0x5e, 0x3d, 0x5c, 0x0a, 0x0c, 0x0d]);

function decodedPiece({ bytes, left, right: high }: Piece): string | undefined {
  const above = bytes.some((byte) => byte > 127);
  if (left === "") return above && high === "" ? undefined : decoded(bytes, high || "windows-1252");
  if (above) return undefined;
  // JIS X 0208 as ISO-2022-JP has it, JIS X 0212 as EUC-JP does.
  if (left === "iso-2022-jp") return decoded(Uint8Array.of(escapeByte, 0x24, 0x42, ...bytes), left);
  const pairs = Array.from({ length: bytes.length >> 1 }, (_, k) => [0x8f, bytes[2 * k] | 128, bytes[2 * k + 1] | 128]);
  return decoded(Uint8Array.from(pairs.flat()), "euc-jp");
}

/** A Node without ICU knows UTF-8 only. */
function decoded(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding).decode(bytes);
  } catch {
    return undefined;
  }
}
