import { FormatError } from "../errors.js";
import { type NpyArray, shapeText } from "./npy.js";

/**
 * The class of each of `count` images: whole numbers of shape (n) or (n, 1), of any type, or one-hot rows (n, classes)
 * of zeros and exactly one 1. All of them are checked now.
 * @throws FormatError naming the shape or the value that is no class.
 */
export function classNumbers({ dtype, shape, data }: NpyArray, count: number, what: string): (index: number) => number {
  const [images, columns = 1] = shape;
  if (shape.length < 1 || shape.length > 2 || columns < 1) {
    throw malformed(`${what} is ${dtype} of shape ${shapeText(shape)}, not one label an image, (n) or (n, 1)`);
  }
  if (images !== count) throw malformed(`${what} holds ${images} labels for ${count} images`);
  if (columns > 1) return oneHot(data, columns, what);
  for (let k = 0; k < count; k++) {
    if (!Number.isInteger(data[k]) || data[k] < 0)
      throw malformed(`${what} holds ${data[k]}, which is no class number`);
  }
  return (index) => data[index];
}

function oneHot(data: NpyArray["data"], columns: number, what: string): (index: number) => number {
  for (let row = 0; row * columns < data.length; row++) {
    let ones = 0;
    let zeros = 0;
    for (let k = row * columns; k < (row + 1) * columns; k++) {
      if (data[k] === 1) ones++;
      else if (data[k] === 0) zeros++;
    }
    if (ones !== 1 || zeros !== columns - 1) {
      throw malformed(`row ${row} of ${what} is not one-hot: of its ${columns} values one must be 1, all others 0`);
    }
  }
  return (index) => {
    const first = index * columns;
    let label = 0;
    while (data[first + label] !== 1) label++;
    return label;
  };
}

function malformed(message: string): FormatError {
  return new FormatError(message, "save one class number an image, 0, 1, 2, …: labels.astype('uint8')");
}
