// Regenerates src/nn/onnx/onnx_pb.ts from onnx.proto. Needs protoc (Debian: protobuf-compiler) and npm ci.
//
//     node scripts/build-onnx-proto.mjs            write it
//     node scripts/build-onnx-proto.mjs --check    exit 1 if it differs from what is committed
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "src/nn/onnx");
const committed = join(folder, "onnx_pb.ts");
const scratch = mkdtempSync(join(tmpdir(), "onnx-proto-"));
try {
  execFileSync(
    "protoc",
    [
      `--plugin=protoc-gen-es=${join(root, "node_modules/.bin/protoc-gen-es")}`,
      `--es_out=${scratch}`,
      "--es_opt=target=ts,import_extension=js",
      `--proto_path=${folder}`,
      "onnx.proto",
    ],
    { stdio: "inherit" },
  );
  const generated = readFileSync(join(scratch, "onnx_pb.ts"), "utf8");
  if (!process.argv.includes("--check")) writeFileSync(committed, generated);
  else if (readFileSync(committed, "utf8") !== generated) {
    console.error("src/nn/onnx/onnx_pb.ts is not what onnx.proto generates: run node scripts/build-onnx-proto.mjs");
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true });
}
