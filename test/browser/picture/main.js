import { readPicture } from "blindsight/picture";

const report = { isolated: crossOriginIsolated, errors: [], pictures: {} };
try {
  const cases = await (await fetch("/inputs.json")).json();
  for (const [name, base64] of cases) report.pictures[name] = await read(name, base64);
  // The browser's own decoder, which minds EXIF's orientation.
  const [, base64] = cases.find(([name]) => name === "JPEG, turned");
  report.canvas = await canvasPixels(bytesOf(base64));
  report.canvases = {};
  for (const [name, base64] of cases.filter(([name]) => name.startsWith("JPEG: "))) {
    report.canvases[name] = await canvasPixels(bytesOf(base64));
  }
} catch (error) {
  report.errors.push(`${error.name}: ${error.message}`);
}
await fetch("/report", { method: "POST", body: JSON.stringify(report) });

async function read(name, base64) {
  const loaded = () => performance.getEntriesByType("resource").map((entry) => entry.name.split("/").pop());
  try {
    const { picture, ...rest } = await readPicture(bytesOf(base64), { name, frame: 1 });
    const { width, height } = picture;
    const values = Float64Array.from({ length: 4 * width * height }, (_, k) => {
      const [pixel, channel] = [k >> 2, k & 3];
      return channel === 3 ? picture.grey(pixel) : picture.colour(pixel, channel);
    });
    const digest = await crypto.subtle.digest("SHA-256", values);
    return { width, height, ...rest, digest: Array.from(new Uint8Array(digest)), loaded: loaded() };
  } catch (error) {
    return { error: error.name, message: error.message, fix: error.fix };
  }
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

async function canvasPixels(bytes) {
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { width, height, data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const red = Array.from({ length: width * height }, (_, k) => data[4 * k]);
  return { width, height, red, first: Array.from(data.subarray(0, 3)) };
}
