import { describe, expect, test } from "vitest";
import { Residency } from "../../src/ckks/paging/residency.js";
import { Randomness } from "../../src/ckks/randomness.js";
import { ParameterError } from "../../src/errors.js";
import { compile, KeyHolder, ModelOwner, Server } from "../../src/nn/index.js";
import { openCpuDevice } from "../../src/ntt/cpu/device.js";
import { randomImage, randomNetwork } from "./random-network.js";

const network = randomNetwork(
  [1, 8, 8],
  [{ conv: 8, padding: 1 }, "bn", "quad", { conv: 16, padding: 1 }, "quad", { pool: 2 }, "flatten", { linear: 3 }],
  5,
);
const image = randomImage(network, 50);
const options = { calibration: [image] };

/** Logits, and the most bytes in the device's memory while the server computed. */
async function run(model: "encrypted" | "plain", memoryLimit?: number) {
  const device = await openCpuDevice();
  const plan = compile(network, { model });
  const holder = await KeyHolder.create(plan, device, Randomness.seededUnsafe(1));
  const owner = new ModelOwner(plan, holder.publicKey, Randomness.seededUnsafe(2));
  let server: Server;
  let loaded: Awaited<ReturnType<ModelOwner["encryptPaged"]>> | ReturnType<Server["loadPlain"]>;
  if (memoryLimit === undefined) {
    server = new Server(plan, device, holder.evaluationKeys);
    loaded = model === "plain" ? server.loadPlain(network, options) : server.load(owner.encrypt(network, options));
  } else {
    server = await Server.withMemoryLimit(plan, device, holder.evaluationKeys, { memoryLimit });
    loaded =
      model === "plain"
        ? await server.loadPlainPaged(network, options)
        : server.load(await owner.encryptPaged(network, options, server.residency!));
  }
  const input = holder.encrypt(image);
  let most = 0;
  const allocate = device.allocate.bind(device);
  device.allocate = (logN, count) => {
    const limbs = allocate(logN, count);
    most = Math.max(most, device.statistics().bytesInUse);
    return limbs;
  };
  const result = await server.run(loaded, input);
  const logits = [...(await holder.decrypt(result))];
  await device.close();
  return { logits, most };
}

describe.each(["encrypted", "plain"] as const)("with the %s model outside of the device's memory", (model) => {
  test("the logits are the same to the last bit, and the memory is a fraction", async () => {
    const inside = await run(model);
    for (const limit of [0, 4 * 2 ** 20]) {
      const outside = await run(model, limit);
      expect(outside.logits).toEqual(inside.logits);
      expect(outside.most - limit).toBeLessThan(inside.most / 2);
    }
  });
});

test("keys that a server refuses stay whole, and a model that is paged for another server is refused", async () => {
  const device = await openCpuDevice();
  const plan = compile(network, { model: "encrypted" });
  const holder = await KeyHolder.create(plan, device);
  const other = compile(randomNetwork([1, 4, 4], ["flatten", { linear: 2 }], 1));
  const limit = { memoryLimit: 0 };
  await expect(Server.withMemoryLimit(other, device, holder.evaluationKeys, limit)).rejects.toThrow(ParameterError);
  const server = await Server.withMemoryLimit(plan, device, holder.evaluationKeys, limit);
  const model = await new ModelOwner(plan, holder.publicKey).encryptPaged(network, options, new Residency(0));
  expect(() => server.load(model)).toThrow("paged for another server");
  await device.close();
});

test("only a server with a limit pages a model", async () => {
  const device = await openCpuDevice();
  const plan = compile(network, { model: "plain" });
  const holder = await KeyHolder.create(plan, device);
  const server = new Server(plan, device, holder.evaluationKeys);
  await expect(server.page(server.loadPlain(network, options))).rejects.toThrow(ParameterError);
  await expect(server.loadPlainPaged(network, options)).rejects.toThrow("has no memory limit");
  await expect(
    Server.withMemoryLimit(plan, device, holder.evaluationKeys, { memoryLimit: Number.NaN }),
  ).rejects.toThrow(RangeError);
  await device.close();
});

test("a model paged after it was loaded is the one that was paged as it was encoded, and the device holds neither", async () => {
  const device = await openCpuDevice();
  const plan = compile(network, { model: "plain" });
  const holder = await KeyHolder.create(plan, device);
  const server = await Server.withMemoryLimit(plan, device, holder.evaluationKeys, { memoryLimit: 0 });
  const before = device.statistics().bytesInUse;
  const [early, late] = [
    await server.loadPlainPaged(network, options),
    await server.page(server.loadPlain(network, options)),
  ];
  expect(device.statistics().bytesInUse).toBe(before);
  expect(Buffer.compare(await early.toBytes(), await late.toBytes())).toBe(0);
  for (const model of [early, late]) model[Symbol.dispose]();
  expect(server.residency!.bytesInside).toBe(0);
  await device.close();
});
