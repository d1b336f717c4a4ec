// The API reference, build/docs, by typedoc; and what it is held to: everything that a door of the package gives away has a
// docstring, every type that it mentions is given away as well, links lead somewhere, and names are those of docs/api.txt,
// so that a name more or less is seen in a review. `--write` writes that list.
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, ReflectionKind } from "typedoc";

const root = fileURLToPath(new URL("..", import.meta.url));
const LIST = "docs/api.txt";
/** `--site FOLDER`: the reference with the project's pages beside it, as `npm run site` publishes it. */
const site = process.argv.indexOf("--site") >= 0 ? process.argv[process.argv.indexOf("--site") + 1] : undefined;
const OUT = site ?? "build/docs";
/** Mentioned and not given away: parts of the engine, whose shape nobody is promised, by the file that has them. */
const NOT_EXPORTED = [
  "RnsPolynomial", // polynomial.ts: what ciphertexts and keys are made of
  "Form", // form.ts: of its residues
  "KeySwitcher", // switcher.ts: key switching in its parts, for whoever fuses them
  "NoiseModel", // noise.ts
  "CiphertextState", // ciphertext.ts
  "Pager", // paging/paged.ts
  "PagedPolynomial",
  "ByteReader", // bytes/reader.ts
];

const { exports, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
/** The doors that have types; dist/worker.js is a script, which exports nothing. */
const doors = Object.values(exports)
  .map(({ types }) => types)
  .filter((types) => types && types !== "./dist/worker.d.ts");

const app = await Application.bootstrap({
  name: `blindsight ${version}`,
  entryPoints: doors.map((types) => join(root, types.replace("./dist/", "src/").replace(".d.ts", ".ts"))),
  tsconfig: join(root, "tsconfig.build.json"),
  readme: site ? join(root, "README.md") : "none",
  projectDocuments: site
    ? ["docs/*.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md"].map((path) => join(root, path))
    : [],
  disableSources: true, // where lines are on the web is not known here: the links would be dead
  markdownItOptions: { html: false, linkify: false }, // else SECURITY.md becomes a link to a host of that name
  excludePrivate: true,
  excludeProtected: true,
  excludeInternal: true,
  excludeExternals: true,
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
  // The pages link folders of the repository, which the site does not have.
  validation: { notExported: true, invalidLink: true, invalidPath: !site, rewrittenLink: true },
  intentionallyNotExported: NOT_EXPORTED,
  logLevel: site ? "Error" : "Warn",
});
const project = await app.convert();
if (!project) process.exit(1);
app.validate(project);
checkDocstrings(project);
checkNames(project);
if (app.logger.hasErrors() || (app.logger.hasWarnings() && !site)) process.exit(1);
await app.generateDocs(project, resolve(root, OUT));
const count = project.getReflectionsByKind(ReflectionKind.SomeExport).length;
console.log(`${OUT}: ${doors.length} doors, ${count} names with what they have, all documented`);

/**
 * Everything has a docstring, but for: a property that the one of what it belongs to names in `backticks`, as a formula or a
 * sentence over several of them does (as a bare word "a" or "level" would be found in any sentence); one that holds an object of the type whose name it has (`ring: Ring`); one that tells the members of a
 * union apart (`op: "conv2d"`); the fields of an object without a name, which its owner describes; `dispose`, which does what
 * Disposable says unless it says more; and the mark of this copy of the library.
 */
function checkDocstrings(project) {
  const { Variable, Function: Callable, Class, Interface, TypeAlias, Property, Method, Accessor } = ReflectionKind;
  const kinds = Variable | Callable | Class | Interface | TypeAlias | Property | Method | Accessor;
  for (const member of project.getReflectionsByKind(kinds)) {
    const explained =
      documented(member) ||
      /^\[(COPY|dispose)\]$/.test(member.name) ||
      isNameless(member.parent) ||
      member.type?.type === "literal" ||
      nameOfType(member)?.toLowerCase() === member.name.toLowerCase() ||
      namedByOwner(member);
    if (!explained) app.logger.error(`${member.getFullName()} has no docstring`);
  }
}

/** An object's type where it is used, or a function's parameters, at any depth. */
function isNameless(owner) {
  for (; owner && !owner.isProject(); owner = owner.parent) if (/^__/.test(owner.name)) return true;
  return false;
}

function documented(member) {
  return [member, ...(member.signatures ?? []), member.getSignature].some((each) => each?.hasComment());
}

function nameOfType({ type, getSignature }) {
  const found = type ?? getSignature?.type;
  return found?.type === "reference" ? found.name : undefined;
}

function namedByOwner(member) {
  for (let owner = member.parent; owner && !owner.isProject(); owner = owner.parent) {
    if (textOf(owner).includes(`\`${member.name}\``)) return true;
  }
  return false;
}

function textOf({ comment, signatures = [] }) {
  return [comment, ...signatures.map((signature) => signature.comment)]
    .flatMap((each) => [...(each?.summary ?? []), ...(each?.blockTags.flatMap(({ content }) => content) ?? [])])
    .map(({ text }) => text)
    .join("");
}

/** Kind and name of all that a door gives away, door by door. */
function checkNames(project) {
  const lines = [
    "Every public name, by door. `npm run docs -- --write` writes this list; a name more or less is a decision.",
  ];
  for (const door of project.children) {
    lines.push("", door.name);
    const names = door.children.map((child) => `  ${child.name} (${kindOf(child)})`);
    lines.push(...names.sort((a, b) => (a < b ? -1 : 1)));
  }
  const list = `${lines.join("\n")}\n`;
  const path = join(root, LIST);
  if (process.argv.includes("--write")) writeFileSync(path, list);
  const known = readFileSync(path, "utf8");
  if (list === known) return;
  const [before, after] = [known, list].map((text) => text.split("\n"));
  for (const line of after) if (!before.includes(line)) app.logger.error(`${LIST} lacks: ${line}`);
  for (const line of before) if (!after.includes(line)) app.logger.error(`${LIST} has, and nothing exports: ${line}`);
  app.logger.error(`${LIST} is not what the doors export: \`npm run docs -- --write\`, and say so in CHANGELOG.md`);
}

function kindOf(reflection) {
  const target = reflection.isReference() ? reflection.getTargetReflection() : reflection;
  return ReflectionKind.singularString(target.kind).toLowerCase();
}
