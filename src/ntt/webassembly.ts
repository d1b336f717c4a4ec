import { DeviceError } from "../errors.js";

/** The shortest module that there is: magic number and version. */
const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/**
 * Compiles an embedded module off the calling thread.
 * @throws DeviceError that names what the platform or the page's policy lacks.
 */
export async function compileModule(base64: string): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytesOf(base64));
  } catch (cause) {
    throw refusal(cause);
  }
}

/** The same at once, for a module of less than 4 kB: a page's main thread may compile no more. */
export function compileSmallModule(base64: string): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytesOf(base64));
  } catch (cause) {
    throw refusal(cause);
  }
}

/** The embedded bytes are sound. So where even the empty module is refused, WebAssembly is forbidden. */
function refusal(cause: unknown): DeviceError {
  if (typeof WebAssembly === "undefined") {
    return new DeviceError("there is no WebAssembly here", "use a browser, or Node without --jitless", { cause });
  }
  try {
    new WebAssembly.Module(EMPTY);
  } catch {
    const what = "the page's Content-Security-Policy forbids WebAssembly: script-src lacks 'wasm-unsafe-eval'";
    return new DeviceError(what, "add 'wasm-unsafe-eval' to the policy's script-src", { cause });
  }
  const fix = "use Node 20.19 or later, or a browser with WebAssembly SIMD";
  return new DeviceError("the WebAssembly here lacks what the kernels need", fix, { cause });
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}
