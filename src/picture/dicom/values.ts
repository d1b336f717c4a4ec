import { malformed } from "./damaged.js";
import { type Attribute, named } from "./dictionary.js";
import type { DataSet, Element, Encoding } from "./elements.js";

/** Typed looks into a data set. An attribute without a value is as good as none; one of another VR than PS3.6 gives it is malformed. */
export class Values {
  constructor(
    private readonly set: DataSet,
    readonly encoding: Encoding,
    readonly file: string,
  ) {}

  element(attribute: Attribute): Element | undefined {
    const element = this.set.get(attribute.tag);
    if (!element) return undefined;
    if (element.vr !== undefined && !attribute.vrs.includes(element.vr)) {
      throw malformed(this.file, `${named(attribute)} has the VR ${element.vr}, not ${attribute.vrs.join(" or ")}`);
    }
    return element;
  }

  /** Items of a sequence, each to be looked into. */
  items(attribute: Attribute): Values[] {
    return (this.element(attribute)?.items ?? []).map((set) => new Values(set, this.encoding, this.file));
  }

  /** One number of 16 bits; `signed` where the VR does not say it. */
  word(attribute: Attribute, signed = false): number | undefined {
    const words = this.words(attribute, signed);
    if (words && words.length !== 1) throw malformed(this.file, `${named(attribute)} is not one number`);
    return words?.[0];
  }

  words(attribute: Attribute, signed = false): number[] | undefined {
    const element = this.element(attribute);
    if (!element || element.value.length === 0) return undefined;
    const { value, vr } = element;
    if (value.length % 2 !== 0) throw malformed(this.file, `${named(attribute)} has half a number`);
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    const little = !this.encoding.bigEndian;
    const minus = vr === "SS" || (vr === undefined && signed);
    return Array.from({ length: value.length / 2 }, (_, k) =>
      minus ? view.getInt16(2 * k, little) : view.getUint16(2 * k, little),
    );
  }

  required(attribute: Attribute): number {
    const value = this.word(attribute);
    if (value === undefined) throw malformed(this.file, `${named(attribute)} is missing`);
    return value;
  }

  /** ASCII, its values apart by a backslash; without the blanks around them. */
  texts(attribute: Attribute): string[] | undefined {
    const element = this.element(attribute);
    if (!element) return undefined;
    const text = String.fromCharCode(...element.value.subarray(0, 1024)).replace(/\0+$/, "");
    const texts = text.split("\\").map((each) => each.trim());
    return texts.length === 1 && texts[0] === "" ? undefined : texts;
  }

  text(attribute: Attribute): string | undefined {
    return this.texts(attribute)?.[0];
  }

  /** Decimal or whole numbers written as text (DS, IS). */
  decimals(attribute: Attribute): number[] | undefined {
    const isNumber = attribute.vrs[0] === "IS" ? wholeNumber : decimalNumber;
    return this.texts(attribute)?.map((text) => {
      const value = Number(text);
      if (isNumber.test(text) && Number.isFinite(value)) return value;
      throw malformed(this.file, `${named(attribute)} is no ${attribute.vrs[0] === "IS" ? "whole" : "decimal"} number`);
    });
  }

  decimal(attribute: Attribute): number | undefined {
    return this.decimals(attribute)?.[0];
  }
}

const wholeNumber = /^[+-]?\d{1,12}$/;
const decimalNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
