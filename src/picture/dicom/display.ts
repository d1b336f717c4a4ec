import type { PictureTag } from "../decoded.js";
import { decodeText } from "./alphabets.js";
import type { DataSet } from "./data-set.js";
import { characterSet, displayed, tagText } from "./dictionary.js";
import type { Values } from "./values.js";

const mostCharacters = 200;

/** What stands for a text whose alphabet is unknown: wrong letters could be another name. */
const notShown = "(not shown: its alphabet is not read)";

/** What a user may want to see of a file; a text whose alphabet is not read is said to be there. */
export function displayTags(set: DataSet, values: Values): PictureTag[] {
  const names = values.texts(characterSet) ?? [];
  return displayed.flatMap(({ name, tag }) => {
    const bytes = set.get(tag)?.value.subarray(0, 4 * mostCharacters);
    if (!bytes) return [];
    // Control characters could rewrite a terminal, invisible ones turn the order of letters round.
    const text = (decodeText(bytes, names) ?? notShown)
      .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
      .replace(/\p{Cf}+/gu, "")
      .trim();
    return text === "" ? [] : [{ name, tag: tagText(tag), value: [...text].slice(0, mostCharacters).join("") }];
  });
}
