import { DeviceError } from "../errors.js";
import { KERNEL_NAMES, type KernelName } from "../ntt/kernels.js";
import { MIN_LOG_N } from "../ntt/primes.js";
import { MAX_SLABS } from "./arena.js";
import { GAUSSIAN_ROW } from "./encode.js";
import { shaders } from "./shaders.generated.js";

/** Bytes of a launch's table that a dispatch sees. */
export const WINDOW_BYTES = 2 ** 20;

/** After the slabs. */
export const TWIDDLE_BINDING = 1 + MAX_SLABS;

const STORAGE_BUFFER_USES = { readable: "read-only-storage", writable: "storage" } as const;
const COMPUTE_STAGE = 4;
/** Stages of a transform that fit a workgroup's memory at once. */
const LOG_TILE = 12;

/** One dispatch of a kernel: its pipeline, and workgroups for each row. */
export interface Pass {
  readonly pipeline: GPUComputePipeline;
  readonly workgroups: number;
}

/** All kernels, each compiled once: those that serve every size when the device is opened, transforms at a size's first use. */
export class Pipelines {
  private readonly passes = new Map<string, readonly Pass[]>();

  private constructor(
    private readonly gpu: GPUDevice,
    readonly layout: GPUBindGroupLayout,
    private readonly describe: (kernel: KernelName, constants: Constants) => GPUComputePipelineDescriptor,
    private readonly ready: ReadonlyMap<string, GPUComputePipeline>,
  ) {}

  /**
   * @param slabs how many the device may come to use: shaders for one have no switch in every access
   * @throws DeviceError when the adapter refuses a shader
   */
  static async compile(gpu: GPUDevice, slabs: number): Promise<Pipelines> {
    const layout = bindGroupLayout(gpu);
    const pipelineLayout = gpu.createPipelineLayout({ bindGroupLayouts: [layout] });
    const modules = new Map(
      KERNEL_NAMES.map((name) => [name, gpu.createShaderModule({ label: name, code: shaders[name] })]),
    );
    const describe = (kernel: KernelName, constants: Constants) => ({
      label: kernel,
      layout: pipelineLayout,
      compute: { module: modules.get(kernel)!, entryPoint: "main", constants: { ...constants, SLABS: slabs } },
    });
    const general = KERNEL_NAMES.flatMap((kernel) =>
      planOf(kernel, MIN_LOG_N).flatMap(({ constants }) => ("LOG_N" in constants ? [] : [{ kernel, constants }])),
    );
    const ready = general.map(async ({ kernel, constants }): Promise<[string, GPUComputePipeline]> => {
      try {
        return [keyOf(kernel, constants), await gpu.createComputePipelineAsync(describe(kernel, constants))];
      } catch (cause) {
        const fix = 'use the device "cpu", and report the adapter\'s name';
        throw new DeviceError(`the adapter does not compile the shader ${kernel}`, fix, { cause });
      }
    });
    return new Pipelines(gpu, layout, describe, new Map(await Promise.all(ready)));
  }

  of(kernel: KernelName, logN: number): readonly Pass[] {
    const key = `${kernel}/${logN}`;
    let passes = this.passes.get(key);
    if (!passes) {
      passes = planOf(kernel, logN).map(({ workgroups, constants }) => {
        const pipeline =
          this.ready.get(keyOf(kernel, constants)) ?? this.gpu.createComputePipeline(this.describe(kernel, constants));
        return { workgroups, pipeline };
      });
      this.passes.set(key, passes);
    }
    return passes;
  }
}

function keyOf(kernel: KernelName, constants: Constants): string {
  return `${kernel}/${JSON.stringify(constants)}`;
}

type Constants = Readonly<Record<string, number>>;

interface PassPlan {
  readonly workgroups: number;
  readonly constants: Constants;
}

/** Dispatches of a kernel at a size, by the constants that its shader declares. */
function planOf(kernel: KernelName, logN: number): PassPlan[] {
  switch (kernel) {
    case "ntt":
    case "intt": {
      const workgroups = 2 ** Math.max(0, logN - LOG_TILE);
      const passes = transformPasses(logN).map((pass) => ({ workgroups, constants: { LOG_N: logN, ...pass } }));
      const last = (i: number) => ({
        SECOND: i,
        ...(kernel === "intt" ? { LAST: Number(i === passes.length - 1) } : {}),
      });
      if (kernel === "intt") passes.reverse();
      return passes.map(({ constants }, i) => ({ workgroups, constants: { ...constants, ...last(i) } }));
    }
    case "permute":
      return [{ workgroups: 2 ** (logN - 10), constants: { LOG_N: logN } }];
    case "expandUniform":
      return [{ workgroups: 2 ** (logN - 9), constants: {} }];
    case "sampleGaussian":
      return [{ workgroups: 2 ** (logN - 9), constants: { ROW: GAUSSIAN_ROW } }];
    default:
      // 2^10 coefficients a workgroup; 64 blocks of sixteen words for sampleTernary.
      return [{ workgroups: 2 ** (logN - 10), constants: {} }];
  }
}

/** A forward transform's passes: all stages at once, or the first ones on columns and the rest on blocks. */
function transformPasses(logN: number): Constants[] {
  const first = logN <= LOG_TILE ? 0 : Math.floor(logN / 2);
  const pass = (stages: number, columns: number) => ({ STAGES: stages, COLUMNS: columns });
  return first === 0 ? [pass(logN, 0)] : [pass(first, 1), pass(logN - first, 0)];
}

function bindGroupLayout(gpu: GPUDevice): GPUBindGroupLayout {
  const slabs = Array.from({ length: MAX_SLABS }, (_, i) => ({
    binding: 1 + i,
    visibility: COMPUTE_STAGE,
    buffer: { type: STORAGE_BUFFER_USES.writable },
  }));
  const table = {
    binding: 0,
    visibility: COMPUTE_STAGE,
    buffer: { type: STORAGE_BUFFER_USES.readable, hasDynamicOffset: true, minBindingSize: WINDOW_BYTES },
  };
  const twiddles = {
    binding: TWIDDLE_BINDING,
    visibility: COMPUTE_STAGE,
    buffer: { type: STORAGE_BUFFER_USES.readable },
  };
  return gpu.createBindGroupLayout({ entries: [table, ...slabs, twiddles] });
}
