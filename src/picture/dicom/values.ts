import type { FormatError } from "../../errors.js";
import { malformed, setTo } from "./damaged.js";
import type { DataSet, Element, Encoding } from "./data-set.js";
import { type Attribute, named } from "./dictionary.js";

/** Typed looks into a data set. An attribute without a value is as good as none; one of another VR than PS3.6 gives it is malformed. */
export class Values {
  constructor(
    private readonly set: DataSet,
    readonly encoding: Encoding,
    readonly file: string,
    private readonly inSequence = false,
  ) {}

  element(attribute: Attribute): Element | undefined {
    const element = this.set.get(attribute.tag);
    if (!element) return undefined;
    if (element.vr !== undefined && !attribute.vrs.includes(element.vr)) {
      throw malformed(this.file, `${named(attribute)} has the VR ${element.vr}, not ${attribute.vrs.join(" or ")}`);
    }
    return element;
  }

  /** The first item of a sequence; of the groups of frames, that of the frame which the reader was told. */
  item(attribute: Attribute): Values | undefined {
    const item = this.element(attribute)?.item;
    return item && new Values(item, this.encoding, this.file, true);
  }

  /** One number of 16 bits, see `words`. */
  word(attribute: Attribute, signed?: boolean): number | undefined {
    const words = this.words(attribute, signed);
    if (words && words.length !== 1) throw this.wrong(attribute, "is not one number");
    return words?.[0];
  }

  /**
   * Numbers of 16 bits, signed where `signed` says so whatever the VR: in implicit files there is none, and who makes
   * them explicit may guess US. Without `signed`, as the VR says.
   */
  words(attribute: Attribute, signed?: boolean): number[] | undefined {
    const element = this.element(attribute);
    if (!element || element.value.length === 0) return undefined;
    const { value, vr } = element;
    if (value.length % 2 !== 0) throw this.wrong(attribute, "has half a number");
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    const little = !this.encoding.bigEndian;
    const minus = signed ?? vr === "SS";
    return Array.from({ length: value.length / 2 }, (_, k) =>
      minus ? view.getInt16(2 * k, little) : view.getUint16(2 * k, little),
    );
  }

  required(attribute: Attribute): number {
    const value = this.word(attribute);
    if (value === undefined) throw this.wrong(attribute, "is missing");
    return value;
  }

  /** ASCII, its values apart by a backslash; without the blanks around them. */
  texts(attribute: Attribute): string[] | undefined {
    const element = this.element(attribute);
    if (!element) return undefined;
    const text = String.fromCharCode(...element.value.subarray(0, mostText)).replace(/\0+$/, "");
    const texts = text.split("\\").map((each) => each.trim());
    // The last may be cut.
    if (element.value.length > mostText && texts.length > 1) texts.pop();
    else if (element.value.length > mostText) throw this.wrong(attribute, `has more than ${mostText} bytes`);
    return texts.length === 1 && texts[0] === "" ? undefined : texts;
  }

  text(attribute: Attribute): string | undefined {
    return this.texts(attribute)?.[0];
  }

  /** Decimal or whole numbers written as text (DS, IS). A backslash behind the last one says nothing. */
  decimals(attribute: Attribute, fix?: string): number[] | undefined {
    const isNumber = attribute.vrs[0] === "IS" ? wholeNumber : decimalNumber;
    const texts = this.texts(attribute);
    if (texts && texts.length > 1 && texts.at(-1) === "") texts.pop();
    return texts?.map((text) => {
      const value = Number(text);
      if (isNumber.test(text) && Number.isFinite(value)) return value;
      throw this.wrong(attribute, `is no ${attribute.vrs[0] === "IS" ? "whole" : "decimal"} number`, fix);
    });
  }

  decimal(attribute: Attribute, fix?: string): number | undefined {
    return this.decimals(attribute, fix)?.[0];
  }

  /** `fix` is for the outermost data set: dcmodify would add to it what stands in a sequence. */
  wrong(attribute: Attribute, what: string, fix = setTo(attribute)): FormatError {
    return malformed(this.file, `${named(attribute)} ${what}`, this.inSequence ? undefined : fix);
  }
}

/** Bytes of a text that are looked at. */
const mostText = 1024;

const wholeNumber = /^[+-]?\d{1,12}$/;
const decimalNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
