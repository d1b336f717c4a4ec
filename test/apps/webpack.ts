import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import webpack from "webpack";

/** Bundles as a stranger would who says where it starts and what for: with no word about this package, and none from webpack. */
export async function bundleByWebpack(options: webpack.Configuration): Promise<void> {
  const stats = await promisify<webpack.Configuration, webpack.Stats | undefined>(webpack)({
    mode: "production",
    devtool: false,
    performance: false,
    ...options,
    output: { path: join(options.context!, "dist/webpack"), ...options.output },
  });
  expect(stats!.toJson()).toMatchObject({ errors: [], warnings: [] });
}
