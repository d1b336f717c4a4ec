/** DICOMs of a patient whose letters stand in no message by themselves. */
import { dicomOf, dword, elementOf, imageParts, type Kind, type Part } from "./dicom-bytes.js";

export const name = "ZQXW^KVJYQZ^XK";
const row: Kind = { rows: 2, columns: 4 };
const patient: Part[] = [
  [0x00080090, "PN", name],
  [0x00091010, "LO", name],
  [0x00100010, "PN", name],
  [0x00101000, "LO", name],
  [0x00104000, "LT", name.repeat(3)],
];
const parts: Part[] = [
  ...imageParts(row),
  ...patient,
  [0x00081140, "SQ", [patient.slice(1), []]],
  [0x00089215, "SQ", [[[0x00100010, "PN", name]]]],
  [
    0x00283010,
    "SQ",
    [
      [
        [0x00283002, "US", [16, 0, 8]],
        [0x00283003, "LO", name],
        [0x00283006, "US", range(16)],
      ],
    ],
  ],
  [0x7fe00010, "OB", Uint8Array.from(range(8))],
];

function range(count: number): number[] {
  return Array.from({ length: count }, (_, k) => k);
}

/** The same elements without VRs. */
function implicitOf(list: readonly Part[]): number[] {
  return [...list]
    .sort(([a], [b]) => a - b)
    .flatMap(([tag, vr, value]) => {
      const items = vr === "SQ" ? (value as Part[][]).map(implicitOf) : [];
      const body =
        vr === "SQ"
          ? items.flatMap((item) => [0xfe, 0xff, 0x00, 0xe0, ...dword(item.length), ...item])
          : elementOf([tag, vr, value]).slice(vr === "OB" ? 12 : 8);
      return [(tag >> 16) & 255, tag >>> 24, tag & 255, (tag >> 8) & 255, ...dword(body.length), ...body];
    });
}

const open = [255, 255, 255, 255];
/** The first sequence with lengths left open. */
const delimited = [
  ...[0x08, 0x00, 0x40, 0x11, 83, 81, 0, 0, ...open, 0xfe, 0xff, 0x00, 0xe0, ...open],
  ...patient.slice(1).flatMap(elementOf),
  ...[0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0, 0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0],
  ...[...parts]
    .sort(([a], [b]) => a - b)
    .filter(([tag]) => tag > 0x00081140)
    .flatMap(elementOf),
];

export const planted: [string, Uint8Array][] = [
  ["explicit", dicomOf(parts)],
  ["implicit", dicomOf([], "1.2.840.10008.1.2", implicitOf(parts))],
  ["of open lengths", dicomOf([], undefined, [...imageParts(row).slice(0, 3).flatMap(elementOf), ...delimited])],
];

/**
 * What of the name an error gives away, in its text or a cause's: `letters` of it side by side, a tag or another number made of
 * two or four of its bytes in either order.
 */
export function leakOf(error: unknown, letters = 2): string | undefined {
  const texts: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) {
    texts.push(each.message, (each as Error & { fix?: string }).fix ?? "");
  }
  const text = texts.join("\n");
  const pieces = range(name.length - letters + 1).map((k) => name.slice(k, k + letters));
  const found = [...pieces, ...numbers].find((piece) => text.includes(piece));
  return found === undefined ? undefined : `${found} of the patient's name is in: ${text}`;
}

const bytes = [...name].map((letter) => letter.charCodeAt(0));
const hex = (list: readonly number[]) => list.map((byte) => byte.toString(16).padStart(2, "0")).join("");
const numbers = range(bytes.length - 3).flatMap((k) => {
  const four = bytes.slice(k, k + 4);
  const [a, b, c, d] = four;
  const hexadecimal = [hex(four), hex([...four].reverse()), `${hex([b, a])},${hex([d, c])}`, `${hex([a, b])},`];
  return [...hexadecimal, ...[four, [...four].reverse()].map((list) => String(Number.parseInt(hex(list), 16)))];
});
