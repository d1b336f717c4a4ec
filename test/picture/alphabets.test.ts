/** Names in several alphabets: the examples of PS3.5, annexes H to K, byte by byte, and what is not read. */
import { describe, expect, it } from "vitest";
import { readPicture } from "../../src/picture/index.js";
import { imageOf, type Part } from "./dicom-bytes.js";

const notShown = "(not shown: its alphabet is not read)";
const esc = "\x1b";

/** Letters below 256 are bytes. */
async function shown(charset: string | undefined, name: string | Uint8Array): Promise<string | undefined> {
  const bytes = typeof name === "string" ? Uint8Array.from(name, (letter) => letter.charCodeAt(0)) : name;
  const extra: Part[] = [[0x00100010, "UN", bytes]];
  if (charset !== undefined) extra.push([0x00080005, "CS", charset]);
  const { tags } = await readPicture(imageOf({ rows: 1, columns: 4 }, [1, 2, 3, 4], extra));
  return tags?.find(({ tag }) => tag === "(0010,0010)")?.value;
}

describe("shown as the standard's examples have them", () => {
  it.each<[string, string, string, string]>([
    [
      "Japanese, H.3.1",
      "\\ISO 2022 IR 87",
      `Yamada^Tarou=${esc}$B;3ED${esc}(B^${esc}$BB@O:${esc}(B=${esc}$B$d$^$@${esc}(B^${esc}$B$?$m$&${esc}(B`,
      "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ],
    [
      "Japanese with half-width katakana, H.3.2",
      "ISO 2022 IR 13\\ISO 2022 IR 87",
      `\xd4\xcf\xc0\xde^\xc0\xdb\xb3=${esc}$B;3ED${esc}(J^${esc}$BB@O:${esc}(J=${esc}$B$d$^$@${esc}(J^${esc}$B$?$m$&${esc}(J`,
      "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ],
    [
      "Korean, I.2",
      "\\ISO 2022 IR 149",
      `Hong^Gildong=${esc}$)C\xfb\xf3^${esc}$)C\xd1\xce\xd4\xd7=${esc}$)C\xc8\xab^${esc}$)C\xb1\xe6\xb5\xbf`,
      "Hong^Gildong=洪^吉洞=홍^길동",
    ],
    [
      "Chinese, K.2",
      "\\ISO 2022 IR 58",
      `Zhang^XiaoDong=${esc}$)A\xd5\xc5^${esc}$)A\xd0\xa1\xb6\xab=`,
      "Zhang^XiaoDong=张^小东=",
    ],
    ["Chinese, J.3", "GB18030", "Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="],
    ["Arabic, PS3.5 H.1", "ISO_IR 127", "\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1", "قباني^لنزار"],
    ["Greek", "ISO_IR 126", "\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος"],
    ["Russian", "ISO_IR 144", "\xbb\xee\xda\x63\xd5\xdc\xd1\xe3\xe0\xd3", "Люкc\u0435мбург"],
    ["Russian behind Latin", "ISO 2022 IR 100\\ISO 2022 IR 144", `\xc4${esc}-L\xbb\xee^\xc4`, "ÄЛю^Ä"],
    ["JIS X 0212", "ISO 2022 IR 6\\ISO 2022 IR 159", `${esc}$(D0!${esc}(B`, "丂"],
    ["Latin 9", "ISO_IR 203", "\xa4", "€"],
  ])("%s", async (_, charset, bytes, expected) => {
    expect(await shown(charset, bytes)).toBe(expected);
  });

  it("the initial alphabet is back behind ^ and =", async () => {
    expect(await shown("ISO 2022 IR 100\\ISO 2022 IR 144", `${esc}-L\xbb^\xbb=\xbb`)).toBe("Л^»=»");
  });
});

describe("not shown, rather than shown wrongly", () => {
  it.each<[string, string | undefined, string]>([
    ["an alphabet that nobody knows", "ISO_IR 999", "\xc4"],
    ["one that is a property of objects", "constructor", "\xc4"],
    ["bytes of no alphabet", "\\ISO 2022 IR 87", "\xc4"],
    ["an escape sequence of no alphabet", "\\ISO 2022 IR 87", `${esc}%GA`],
    ["high bytes in a low half", "\\ISO 2022 IR 87", `${esc}$B;\xc4`],
  ])("%s", async (_, charset, bytes) => {
    expect(await shown(charset, bytes)).toBe(notShown);
    expect(await shown(charset, "Doe^John")).toBe("Doe^John");
  });
});

it("marks that turn the order of letters round are taken out, those of lines as well", async () => {
  const text = new TextEncoder().encode("A\u202eB^\u2066C\u200f\u2028D\u0007E");
  expect(await shown("ISO_IR 192", text)).toBe("AB^C D E");
});
