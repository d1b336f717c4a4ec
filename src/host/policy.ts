import { DeviceError } from "../errors.js";
import type { WorkerUrl } from "./host.js";

/** A browser tells which directive it was in a task of its own, a moment after the refusal. */
const MOMENT_MS = 200;

const TRUSTED_TYPES = "require-trusted-types-for";

/** Learns which directive of a page's Content-Security-Policy refuses a worker: the refusal itself does not say. */
export class PolicyWatch {
  private directive: string | undefined;
  private watching = true;
  private told: () => void = () => {};
  private readonly listener = (violation: SecurityPolicyViolationEvent) => {
    if (!concernsWorkers(violation)) return;
    this.directive ??= violation.effectiveDirective;
    this.told();
  };

  constructor() {
    // In pages it bubbles up from the document; workers have it on their global object.
    globalThis.addEventListener?.("securitypolicyviolation", this.listener);
  }

  /** Browsers throw, or send the worker an error: here is where they throw. */
  async guard(start: () => Worker, url: WorkerUrl | undefined): Promise<Worker> {
    try {
      return start();
    } catch (cause) {
      throw (await this.refusal(url)) ?? cause;
    }
  }

  /** After a failure: undefined where it was not the policy, and once the worker has run. */
  async refusal(url: WorkerUrl | undefined): Promise<DeviceError | undefined> {
    if (this.directive === undefined && this.watching) {
      await new Promise<void>((resolve) => {
        this.told = resolve;
        setTimeout(resolve, MOMENT_MS);
      });
    }
    this.stop();
    return this.directive === undefined ? undefined : refused(this.directive, url);
  }

  stop(): void {
    this.watching = false;
    globalThis.removeEventListener?.("securitypolicyviolation", this.listener);
  }
}

/** Not what the page's other code tried meanwhile, and not what a policy on trial only reports. */
function concernsWorkers({
  disposition,
  effectiveDirective,
  blockedURI,
  sample,
}: SecurityPolicyViolationEvent): boolean {
  if (disposition !== "enforce") return false;
  if (effectiveDirective === TRUSTED_TYPES) return sample.startsWith("Worker");
  return (
    /^(worker|child|script|default)-src$/.test(effectiveDirective) && !/^(inline|eval|wasm-eval)$/.test(blockedURI)
  );
}

function refused(directive: string, url: WorkerUrl | undefined): DeviceError {
  const policy = "the page's Content-Security-Policy refuses the CPU device's worker";
  if (directive === TRUSTED_TYPES) {
    return new DeviceError(
      `${policy}: ${directive} asks for a TrustedScriptURL`,
      'serve the file of "blindsight/worker" and give openDevice its address, { workerUrl }, as a TrustedScriptURL',
    );
  }
  if (url !== undefined) {
    return new DeviceError(
      `${policy}: ${directive} lacks ${url}`,
      `add it to worker-src, or 'self' where it is the page's own`,
    );
  }
  return new DeviceError(
    `${policy}: ${directive} lacks blob:`,
    'add blob: to worker-src, or serve the file of "blindsight/worker" and give openDevice its address: { workerUrl }',
  );
}
