import { DeviceError } from "../errors.js";

const FIX = 'open a new device and run again, or use the device "cpu"';
const LESS = 'open a new device with a smaller memoryLimit or run less at once, or use the device "cpu"';

/** What went wrong on a GPU. WebGPU tells failures late: they are kept, and thrown by the next call. */
export class Health {
  failure: DeviceError | undefined;
  isLost = false;
  private closed = false;

  constructor(private readonly gpu: GPUDevice) {
    gpu.lost.then(({ message }) => {
      this.isLost = true;
      this.fail("the GPU was lost", message);
    });
    gpu.onuncapturederror = (event) => {
      event.preventDefault(); // told by the next call, not on the console
      this.fail("the GPU refused a command", event.error.message);
    };
  }

  /** @throws DeviceError when the device was closed or has failed. */
  check(): void {
    if (this.closed) throw closedError();
    if (this.failure) throw this.failure;
  }

  /** Whether commands still make sense. */
  get works(): boolean {
    return !this.closed && !this.failure;
  }

  /** What the GPU answers, or why it cannot. */
  async settle<T>(answer: Promise<T>): Promise<T> {
    try {
      const value = await answer;
      if (this.failure) throw this.failure;
      return value;
    } catch (cause) {
      throw this.failure ?? (this.closed ? closedError() : new DeviceError("the GPU does not answer", FIX, { cause }));
    }
  }

  /** Creates something for which there may be no memory. */
  allocating<T>(create: () => T): T {
    this.gpu.pushErrorScope("out-of-memory");
    try {
      return create();
    } finally {
      this.gpu.popErrorScope().then(
        (error) => {
          if (!error) return;
          this.failure = undefined; // what else failed, failed for want of this
          this.fail("the GPU's memory is exhausted", error.message);
        },
        () => {}, // the device was lost, which is told elsewhere
      );
    }
  }

  /** What the GPU says from now on is nobody's concern. */
  close(): void {
    this.closed = true;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  private fail(message: string, cause: string): void {
    if (this.closed) return;
    this.failure ??= new DeviceError(message, LESS, { cause: new Error(cause) });
  }
}

function closedError(): DeviceError {
  return new DeviceError(
    "the device is closed",
    "await every result before close(), or open another one with openDevice()",
  );
}
