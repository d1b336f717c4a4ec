// One file for a Linux GPU machine with a driver, and without Node or a network: build/blindsight-bench-linux-x64.tar.gz.
// Inside: this machine's Node binary, Dawn, the Vulkan loader, the bench in one script, RL-3 and its phantoms, bench.sh.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const MOST_BYTES = 60 * 2 ** 20;
const NAME = "blindsight-bench-linux-x64";
/**
 * NVIDIA's driver, for containers that have its libraries but no file that tells the loader so: the usual library, which
 * needs X11's, and the one that does without.
 */
const NVIDIA = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"];
const LOADER = "/usr/lib/x86_64-linux-gnu/libvulkan.so.1";
const LICENSES = {
  "blindsight.txt": join(root, "LICENSE"),
  "node.txt": firstOf(join(dirname(realpathSync(process.execPath)), "../LICENSE"), "/usr/share/doc/nodejs/LICENSE"),
  "dawn-and-webgpu.txt": join(root, "node_modules/webgpu/LICENSE.md"),
  "vulkan-loader.txt": "/usr/share/doc/libvulkan1/copyright",
  ...Object.fromEntries(
    ["@bufbuild/protobuf", "@noble/ciphers", "@noble/hashes", "cli-progress", "fflate", "tinybench", "valibot"].map(
      (name) => [`${name.replace("/", "-")}.txt`, join(root, "node_modules", name)],
    ),
  ),
};

if (process.platform !== "linux" || process.arch !== "x64") throw new Error("the bundle is made on Linux x64");
const folder = join(root, "build", NAME);
rmSync(folder, { recursive: true, force: true });
for (const part of ["bin", "lib", "app/models", "licenses", "results"])
  mkdirSync(join(folder, part), { recursive: true });

await script();
writeFileSync(
  join(folder, "app/package.json"),
  JSON.stringify({ name: "blindsight", version: version(), type: "module", private: true }),
);
for (const model of ["rl3-phantom.onnx", "rl3-phantom.md"])
  cpSync(join(root, "models", model), join(folder, "app/models", model));
const webgpu = join(folder, "app/node_modules/webgpu");
mkdirSync(join(webgpu, "dist/linux-x64"), { recursive: true });
for (const file of ["package.json", "index.js", "dist/linux-x64/dawn.node"]) {
  cpSync(join(root, "node_modules/webgpu", file), join(webgpu, file));
}
cpSync(realpathSync(process.execPath), join(folder, "bin/node"));
cpSync(realpathSync(LOADER), join(folder, "lib/libvulkan.so.1"));
for (const library of NVIDIA) {
  const driver = { file_format_version: "1.0.0", ICD: { library_path: library, api_version: "1.3.0" } };
  writeFileSync(join(folder, "lib", `${library.split(".")[0]}.json`), JSON.stringify(driver));
}
for (const [name, path] of Object.entries(LICENSES)) {
  writeFileSync(join(folder, "licenses", name), licenseText(path));
}
const floor = glibcFloor(["bin/node", "lib/libvulkan.so.1", "app/node_modules/webgpu/dist/linux-x64/dawn.node"]);
writeFileSync(join(folder, "README.txt"), readme(floor));
writeFileSync(join(folder, "bench.sh"), BENCH_SH(), { mode: 0o755 });

const archive = join(root, "build", `${NAME}.tar.gz`);
rmSync(archive, { force: true });
execFileSync("tar", ["-C", join(root, "build"), "-czf", archive, NAME]);
const { size } = statSync(archive);
if (size > MOST_BYTES) throw new Error(`${archive} has ${size} bytes, more than 60 MiB`);
console.log(`${archive}: ${(size / 2 ** 20).toFixed(1)} MiB; needs ${floor}`);

/** The bench and all that it imports but webgpu, as one script. */
async function script() {
  execFileSync("npx", ["tsc", "-p", "bench/tsconfig.json"], { cwd: root, stdio: "inherit" });
  await build({
    root,
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: true, external: ["webgpu", "node-seal"] },
    build: {
      ssr: join(root, "build/bench/bench/main.js"),
      outDir: join(folder, "app"),
      emptyOutDir: false,
      target: "node20",
      minify: false,
    },
  });
}

/** Of the places where a licence may lie. A bundle without it must not be given away. */
function firstOf(...paths) {
  const path = paths.find((each) => existsSync(each));
  if (!path) throw new Error(`no licence of Node in ${paths.join(" or ")}`);
  return path;
}

function version() {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
}

/** Of a file, or of a package's folder. */
function licenseText(path) {
  if (statSync(path).isFile()) return readFileSync(path);
  const file = ["LICENSE", "LICENSE.md", "LICENSE.txt"]
    .map((name) => join(path, name))
    .find((name) => existsSync(name));
  if (file) return readFileSync(file);
  const { license, name, version: packed } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  return `${name} ${packed}: ${license}; the package has no text of it.\n`;
}

/** The newest symbol versions that the binaries ask the system's C and C++ libraries for. */
function glibcFloor(files) {
  const text = files.map((file) => readFileSync(join(folder, file), "latin1")).join("\n");
  const newest = (pattern) => {
    const versions = [...text.matchAll(pattern)].map(([, version]) => version.split(".").map(Number));
    return versions
      .sort((a, b) => a[0] - b[0] || a[1] - b[1] || (a[2] ?? 0) - (b[2] ?? 0))
      .at(-1)
      .join(".");
  };
  return `glibc ${newest(/GLIBC_(2\.\d+)\0/g)} and libstdc++ with GLIBCXX_${newest(/GLIBCXX_(3\.4\.\d+)\0/g)}, or newer`;
}

function readme(floor) {
  return `blindsight ${version()}: encrypted arithmetic on your GPU, timed

    ./bench.sh

Needs: Linux x64, ${floor} (Ubuntu 22.04, Debian 12, Fedora 36), and a GPU with a Vulkan driver.
No Node, no network, nothing to install; nothing is written outside of this folder. In a container the driver's libraries
must be there with graphics (NVIDIA_DRIVER_CAPABILITIES=all); the bench finds them without an ICD file.

It checks every operation against a reference, times it on the GPU (by timestamps and by wall clock) and on the CPU beside it,
for N = 2^12 to 2^16, then RL-3, a network that diagnoses an encrypted image. The record goes to results/, with the GPU's
name in it. Ten to thirty minutes; "./bench.sh --log-n 14 --filter multiply" is a minute. "./bench.sh --help" lists the options.

Licences of what is inside: licenses/.
`;
}

function BENCH_SH() {
  return `#!/bin/sh
# Runs the bench on this machine's GPU with the Node, Dawn and Vulkan loader of this folder. Options go to the bench.
case $0 in
  */*) cd "\${0%/*}" || exit 1 ;;
esac
export LD_LIBRARY_PATH="$PWD/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
# The driver wants a folder; any will do.
export XDG_RUNTIME_DIR="\${XDG_RUNTIME_DIR:-/tmp}"
# An NVIDIA GPU whose driver nobody announces to the loader, as in many containers.
if [ -e /dev/nvidiactl ] && [ -z "$VK_DRIVER_FILES$VK_ICD_FILENAMES$VK_ADD_DRIVER_FILES" ]; then
  announced=
  for file in /etc/vulkan/icd.d/nvidia*.json /usr/share/vulkan/icd.d/nvidia*.json /usr/local/share/vulkan/icd.d/nvidia*.json; do
    [ -e "$file" ] && announced=1
  done
  if [ -z "$announced" ]; then
    VK_ADD_DRIVER_FILES=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
    for library in ${NVIDIA.map((library) => library.split(".")[0]).join(" ")}; do
      VK_ADD_DRIVER_FILES="$VK_ADD_DRIVER_FILES:$PWD/lib/$library.json"
    done
    export VK_ADD_DRIVER_FILES
  fi
fi
if [ $# -eq 0 ]; then
  set -- --log-n 12,13,14,15,16 --rl3
fi
exec ./bin/node app/main.js --device webgpu --results results "$@"
`;
}
