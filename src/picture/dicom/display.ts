import type { PictureTag } from "../decoded.js";
import { tagText } from "./damaged.js";
import { characterSet, displayed } from "./dictionary.js";
import type { DataSet } from "./elements.js";
import type { Values } from "./values.js";

const mostCharacters = 200;

/** What a user may want to see of a file; what cannot be read here is left out, since nothing hangs on it. */
export function displayTags(set: DataSet, values: Values): PictureTag[] {
  const decoder = decoderOf(charset(values));
  return displayed.flatMap(({ name, tag }) => {
    const bytes = set.get(tag)?.value.subarray(0, 4 * mostCharacters);
    if (!bytes) return [];
    // Control characters could rewrite a terminal.
    const text = decoder
      .decode(bytes)
      .replace(/\p{Cc}+/gu, " ")
      .trim();
    return text === "" ? [] : [{ name, tag: tagText(tag), value: [...text].slice(0, mostCharacters).join("") }];
  });
}

/** Names of the Encoding Standard for those of PS3.3, C.12.1.1.2; Latin-1 where there is none that fits. */
const charsets: Readonly<Record<string, string>> = {
  "ISO_IR 192": "utf-8",
  "ISO_IR 101": "iso-8859-2",
  "ISO_IR 109": "iso-8859-3",
  "ISO_IR 110": "iso-8859-4",
  "ISO_IR 144": "iso-8859-5",
  "ISO_IR 127": "iso-8859-6",
  "ISO_IR 126": "iso-8859-7",
  "ISO_IR 138": "iso-8859-8",
  "ISO_IR 148": "windows-1254",
  "ISO_IR 203": "iso-8859-15",
  "ISO_IR 13": "shift_jis",
  "ISO_IR 166": "windows-874",
  "ISO 2022 IR 87": "iso-2022-jp",
  "ISO 2022 IR 149": "euc-kr",
  GB18030: "gb18030",
  GBK: "gbk",
};

/** A Node without ICU knows UTF-8 only. */
function decoderOf(name: string): TextDecoder {
  try {
    return new TextDecoder(name);
  } catch {
    return new TextDecoder();
  }
}

function charset(values: Values): string {
  const names = values.texts(characterSet) ?? [];
  // Of several, the first is that of the beginning, and the second what the rest changes to.
  const found = [...names].reverse().find((name) => Object.hasOwn(charsets, name));
  return found ? charsets[found] : "windows-1252";
}
