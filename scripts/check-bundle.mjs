// Unpacks the bundle elsewhere and runs it as a GPU owner would: without Node on the path, without this repository.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const archive = fileURLToPath(new URL("../build/blindsight-bench-linux-x64.tar.gz", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "blindsight-bundle-"));
const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";
const env = {
  PATH: "/nonexistent",
  HOME: folder,
  ...(existsSync(driver) && !existsSync("/dev/dri") && !existsSync("/dev/nvidiactl")
    ? { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver }
    : {}),
};

try {
  execFileSync("tar", ["-C", folder, "-xzf", archive]);
  const home = join(folder, "blindsight-bench-linux-x64");
  const args = ["--log-n", "12", "--time", "20", "--filter", "relin"];
  const output = execFileSync(join(home, "bench.sh"), args, { cwd: "/", env, encoding: "utf8" });
  console.log(output);
  const [file] = readdirSync(join(home, "results"));
  const { rows } = JSON.parse(readFileSync(join(home, "results", file), "utf8"));
  const product = rows.find(({ name }) => name === "multiply + relinearize + rescale");
  if (!(product.ours.gpu.kernelMs > 0 && product.peer && /WebGPU, ./.test(product.ours.subject.parameters))) {
    throw new Error("the bundle's record lacks what it should say of the GPU");
  }
  console.log(`the bundle runs by itself: ${file}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
