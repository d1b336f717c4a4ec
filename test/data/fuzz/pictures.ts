import { readPicture } from "../../../src/picture/index.js";
import { kinds } from "../../picture/kinds.js";
import { leakOf, planted } from "../../picture/planted.js";
import { mutateBytes, pick } from "./mutate.js";
import type { Target } from "./targets.js";

const whole = [...kinds.map(([, bytes]) => bytes), ...planted.map(([, bytes]) => bytes)];

/** JPEGs and DICOMs of every kind, some of a patient whose name is looked for in errors, and a PNG: nothing but DICOM's structure and JPEG's bits tells what is damaged. */
export const pictureTargets: Readonly<Record<string, Target>> = {
  pictures: {
    mostBytes: 64 * 2 ** 20,
    input(random) {
      const original = pick(whole, random);
      // Without its signature a file is refused at once.
      const head = original[0] === 0 ? 132 : 3;
      const rest = mutateBytes(original.subarray(head), pick(whole, random), random);
      return { bytes: Uint8Array.from([...original.subarray(0, head), ...rest]), originals: [] };
    },
    async read(bytes) {
      try {
        const { picture } = await readPicture(bytes, { name: "fuzzed", frame: 1 });
        for (let pixel = 0; pixel < Math.min(4096, picture.width * picture.height); pixel++) {
          const values = [picture.grey(pixel), picture.colour(pixel, 0), picture.colour(pixel, 2)];
          if (!values.every((value) => value >= 0 && value <= 255.001)) return `pixel ${pixel} is ${values}`;
        }
        return undefined;
      } catch (error) {
        // What nobody foresaw becomes a named error as well, but it ought to be foreseen.
        if ((error as Error).message.includes("cannot be read (")) return String((error as Error).cause);
        // A change may copy two letters to where a VR stands, three are nobody's but the patient's.
        const leak = leakOf(error, 3);
        if (leak) return leak;
        throw error;
      }
    },
  },
};
