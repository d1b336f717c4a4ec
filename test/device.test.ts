import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { beforeAll, describe, expect, test } from "vitest";
import { openDevice } from "../src/device.js";
import * as errors from "../src/errors.js";
import { buildIfStale } from "./cli/blindsight.js";

const dist = new URL("../dist/", import.meta.url);

beforeAll(buildIfStale);

/** What a script prints in a process of its own, with `door` as the library's file to import; `shell` comes before Node. */
function printed(script: string, { door = "index.js", flags = "", shell = "" } = {}): string[] {
  const source = `import { openDevice } from ${JSON.stringify(new URL(door, dist).href)};
    const say = (error) => console.log(String(error), "|", error.fix);
    ${script}`;
  const command = `${shell} exec "$0" ${flags} --input-type=module -e "$1"`;
  const output = execFileSync("bash", ["-c", command, process.execPath, source], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
  });
  return output.trim().split("\n");
}

describe("what is handed to the door by mistake", () => {
  const refusal = (...args: unknown[]) => openDevice(...(args as [])).catch((error) => error);

  test("options in the place of the device, and a number in the place of options", async () => {
    for (const kind of [{ threads: 1 }, 2, null]) {
      const { name, message, fix } = await refusal(kind);
      expect([name, message]).toEqual(["DeviceError", `there is no device that is a ${typeof kind}`]);
      expect(fix).toContain('openDevice("cpu", { threads: 2 })');
    }
    for (const options of [2, "2", null]) {
      const error = await refusal("cpu", options);
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/^options: { threads, memoryLimit, workerUrl } was expected, not /);
    }
  });

  test("the workers' script imported as a module, in Node and on a page's own thread", () => {
    const source = JSON.stringify(new URL("worker.js", dist).href);
    for (const page of ["", "globalThis.self = globalThis; globalThis.document = {};"]) {
      const [line] = printed(`${page} await import(${source}).catch(say); console.log(globalThis.onmessage)`);
      expect(line).toMatch(/^Error: blindsight\/worker is what workers run, .*{ workerUrl }\)/);
    }
  });
});

describe("what a platform lacks is one DeviceError that names it", () => {
  test("files that may not be looked at, as in Deno without the permission: `auto` still opens a device", () => {
    const script = `
      import { createRequire, syncBuiltinESMExports } from "node:module";
      createRequire("/")("node:fs").existsSync = () => { throw new Error("NotCapable: Requires read access"); };
      syncBuiltinESMExports();
      const device = await openDevice("auto", { onFallback: ({ name }) => console.log(name) });
      console.log(device.kind);
      await device.close();`;
    const lines = printed(script);
    expect(lines.at(-1)).toMatch(/^(cpu|webgpu)$/);
    if (lines.length > 1) expect(lines).toEqual(["DeviceError", "cpu"]);
  });

  // Engines of Node 24 and later bring it.
  test.skipIf(runInNewContext("typeof Symbol.dispose") === "symbol")(
    "Symbol.dispose, as in some browsers: the message says what to write before the import",
    () => {
      // A context of its own has what the engine brings; Node adds Symbol.dispose to its own only.
      const script = `
      import { readFileSync } from "node:fs";
      import vm from "node:vm";
      const source = readFileSync(${JSON.stringify(fileURLToPath(new URL("blindsight.js", dist)))}, "utf8");
      for (const before of ["", 'Symbol.dispose ??= Symbol("Symbol.dispose")']) {
        const context = vm.createContext({ TextDecoder, TextEncoder });
        vm.runInContext(before, context);
        console.log(vm.runInContext("typeof Symbol.dispose", context));
        const module = new vm.SourceTextModule(source, { context });
        await module.link(() => {});
        await module.evaluate();
        await module.namespace.openDevice("none").catch(say);
      }`;
      const [missing, refused, there, opened] = printed(script, { flags: "--experimental-vm-modules --no-warnings" });
      expect([missing, there]).toEqual(["undefined", "symbol"]);
      expect(refused).toMatch(/^DeviceError: this platform has no Symbol\.dispose.*\| run `Symbol\.dispose \?\?= /);
      expect(opened).toMatch(/there is no device "none"/);
    },
  );

  test("WebAssembly", () => {
    expect(printed('await openDevice("cpu").catch(say)', { flags: "--jitless" })).toEqual([
      "DeviceError: there is no WebAssembly here | use a browser, or Node without --jitless",
    ]);
  });

  test("addresses for one more memory of 4 GiB", () => {
    const script = `
      const open = [];
      try {
        while (open.length < 100) open.push(await openDevice("cpu", { threads: 1 }));
      } catch (error) {
        say(error);
      }`;
    const [line] = printed(script, { shell: "ulimit -v 40000000;" });
    expect(line).toMatch(/^DeviceError: the CPU device gets no memory: RangeError: .* \| close\(\) devices/);
  });

  test("workers, where a page's files run without any: one thread computes, two are refused", () => {
    const script = `
      const device = await openDevice("cpu");
      console.log(device.describe());
      await device.close();
      await openDevice("cpu", { threads: 2 }).catch(say);`;
    expect(printed(script, { door: "blindsight.js" })).toEqual([
      "CPU, WebAssembly SIMD, 1 thread",
      'DeviceError: there are no workers here | bundle for Node with the condition "node", or use one thread',
    ]);
  });

  test("a worker's file", () => {
    const [line] = printed('await openDevice("cpu", { threads: 2, workerUrl: "/nowhere/worker.js" }).catch(say)');
    expect(line).toMatch(
      /^DeviceError: a worker of the CPU device does not start: Error: Cannot find module '\/nowhere/,
    );
    expect(line).toMatch(/serve the file of blindsight\/worker there/);
  });
});

test("a worker starts from the file of blindsight/worker in Node, too, given as a URL or as its text", () => {
  const script = `
    import { createRequire, syncBuiltinESMExports } from "node:module";
    const threads = createRequire("/")("node:worker_threads");
    const { Worker } = threads;
    threads.Worker = function (file, options) {
      console.log(String(file));
      return new Worker(file, options);
    };
    syncBuiltinESMExports();
    const url = new URL("worker.js", ${JSON.stringify(dist.href)});
    for (const workerUrl of [url, url.href]) {
      const device = await openDevice("cpu", { threads: 2, workerUrl });
      console.log(device.describe());
      await device.close();
    }`;
  const { href } = new URL("worker.js", dist);
  const once = [href, href, "CPU, WebAssembly SIMD, 2 threads"];
  expect(printed(script)).toEqual([...once, ...once]);
});

test("an error's name is the one that it is exported by, in its stack, too", () => {
  const classes = Object.entries(errors) as [string, typeof errors.BlindsightError][];
  expect(classes.length).toBeGreaterThan(8);
  for (const [name, Class] of classes) {
    // A minifier does this to a class: it keeps what the class does, not what it is called.
    const error: Error = new (class a extends Class {})("message", "way out");
    expect(error).toMatchObject({ name, fix: "way out" });
    expect(error.stack).toMatch(new RegExp(`^${name}: message`));
  }
});
