// Checks what keeps the rooms of ARCHITECTURE.md apart: who may import whom, where Node's modules and packages may be
// used, no circular imports (type imports count too), and the length of files. One line for each violation.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What the files of each room may import besides their own room's. Everybody may import src/errors.ts. */
const MAY_IMPORT = {
  errors: [],
  bytes: ["host"],
  host: [],
  ntt: ["host"],
  gpu: ["host", "ntt"],
  ckks: ["ntt", "bytes"],
  nn: ["ckks", "ntt", "bytes", "picture"],
  data: ["bytes", "picture"],
  picture: ["bytes"],
  device: ["host", "gpu", "ntt"],
  scratch: ["host", "ckks"],
  index: ["device", "scratch", "host", "ntt"],
  bundle: ["index", "nn", "ckks", "ntt"],
  protocol: [],
  client: ["protocol", "nn", "ckks", "ntt", "bytes"],
  cli: ["index", "device", "scratch", "data", "picture", "nn", "ckks", "ntt", "bytes", "client", "service", "protocol"],
  service: ["index", "device", "scratch", "nn", "ckks", "ntt", "bytes", "protocol"],
};

/** Where Node's own modules may be imported: everything else runs in browsers too. */
const NODE_ROOMS = ["cli", "service"];
const NODE_FILES = [
  "src/data/open-dataset.ts",
  "src/data/download.ts",
  "src/data/read-file.ts",
  "src/host/node.ts", // behind #host: bundlers for browsers take page.ts instead
];

/** The private import of package.json, and the files that stand behind it: nobody else may name those. */
const PRIVATE = { "#host": ["src/host/node.ts", "src/host/page.ts"] };

/** Unmaintained, with an open hole in its native code: in one test-side file only. */
const CONFINED = { "bigint-buffer": "test/bigint-bridge.ts" };

const LONG = 250;
const TOO_LONG = 300;
const GENERATED = /(\.generated|_pb)\.ts$/;

const violations = [];
const packages = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const shipped = Object.keys({ ...packages.dependencies, ...packages.peerDependencies });
const files = ["src", "test", "bench", "examples", "scripts", "shaders", "web"].flatMap(listFiles);
const graph = new Map();

for (const file of files) {
  const source = readFileSync(join(root, file), "utf8");
  checkLength(file, source);
  if (!/\.(tsx?|mjs)$/.test(file) || /^src\/(ntt\/cpu|ckks)\/assembly\//.test(file)) continue;
  const imports = importsOf(file, source);
  for (const name of imports) checkConfined(file, name);
  graph.set(
    file,
    imports.flatMap((name) => (name.startsWith(".") ? [targetOf(file, name)] : (PRIVATE[name] ?? []))),
  );
  if (file.startsWith("src/")) checkImports(file, imports);
  if (file.startsWith("web/")) checkDoors(file, imports);
  if (file.startsWith("src/") && file !== "src/bundle.ts" && /^export \* from/m.test(source)) {
    violations.push(`${file}: exports whatever another file does; name what is given away`);
  }
}
findCycles();

for (const line of violations) console.error(line);
if (violations.length > 0) process.exit(1);
console.log(`layers: ${graph.size} files keep to their rooms, no circular imports, none over ${TOO_LONG} lines`);

function listFiles(folder) {
  try {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(tsx?|mjs|wgsl|css)$/.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
      .sort();
  } catch {
    return []; // a room that is not built yet
  }
}

function checkLength(file, source) {
  if (GENERATED.test(file)) return;
  const lines = source.split("\n").length - 1;
  if (lines > TOO_LONG) violations.push(`${file}: ${lines} lines, more than ${TOO_LONG}`);
  else if (lines > LONG) console.warn(`${file}: ${lines} lines; aim at ${LONG}`);
}

/** Every module that a file names: import and export declarations, import(), import types, require(). */
function importsOf(file, source) {
  const names = [];
  const visit = (node) => {
    const specifier =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isImportTypeNode(node)
          ? node.argument.literal
          : ts.isCallExpression(node) &&
              (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.text === "require")
            ? node.arguments[0]
            : undefined;
    if (specifier && ts.isStringLiteralLike(specifier)) names.push(specifier.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.ES2022));
  return [...new Set(names)];
}

function checkImports(file, imports) {
  const room = roomOf(file);
  if (!(room in MAY_IMPORT)) violations.push(`${file}: is in no known room; name it in scripts/check-layers.mjs`);
  for (const name of imports) {
    if (name in PRIVATE || name.startsWith(".")) {
      const target = PRIVATE[name]?.[0] ?? targetOf(file, name);
      const other = roomOf(target);
      if (name.startsWith(".") && Object.values(PRIVATE).flat().includes(target)) {
        violations.push(`${file}: imports ${target} by its path: there are two of it, see "imports" in package.json`);
      }
      if (!target.startsWith("src/")) violations.push(`${file}: imports ${target}, which is outside src`);
      else if (other !== room && other !== "errors" && !MAY_IMPORT[room]?.includes(other)) {
        violations.push(`${file}: ${room} must not import ${other} (${target})`);
      }
    } else if (name.startsWith("node:") || builtinModules.includes(name.split("/")[0])) {
      if (!NODE_ROOMS.includes(room) && !NODE_FILES.includes(file)) {
        violations.push(`${file}: imports ${name}, but must run in a browser too`);
      }
    } else if (!shipped.includes(packageOf(name))) {
      violations.push(`${file}: imports ${name}, which is not among the dependencies in package.json`);
    }
  }
}

/** The page is an app like others: it has the package's doors, and no way into its rooms. */
function checkDoors(file, imports) {
  for (const name of imports) {
    if (name.startsWith(".") && !targetOf(file, name).startsWith("web/")) {
      violations.push(`${file}: imports ${targetOf(file, name)}; the page imports blindsight's doors only`);
    }
  }
}

function targetOf(file, name) {
  const target = join(dirname(file), name).replace(/\.js$/, ".ts");
  return existsSync(join(root, target)) ? target : `${target}x`;
}

function checkConfined(file, name) {
  const allowed = CONFINED[packageOf(name)];
  if (allowed && file !== allowed) violations.push(`${file}: imports ${name}; only ${allowed} may`);
}

/** src/ntt/cpu/arena.ts is of the room ntt, src/device.ts a room of its own. */
function roomOf(file) {
  return file.split("/")[1]?.replace(/\.ts$/, "");
}

function packageOf(name) {
  return name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Depth-first search; every import of a file that is still being visited closes a cycle. */
function findCycles() {
  const done = new Set();
  const inCycle = new Set();
  const path = [];
  const visit = (file) => {
    if (path.includes(file)) {
      const cycle = path.slice(path.indexOf(file));
      // One cycle of those that share a file: breaking it shows the next.
      if (!cycle.some((member) => inCycle.has(member)))
        violations.push(`circular import: ${[...cycle, file].join(" → ")}`);
      for (const member of cycle) inCycle.add(member);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of graph.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
}
