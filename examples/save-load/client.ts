// The one who holds the secret key. It never leaves PRIVATE; what the server may see lies in SHARED:
//     PASSPHRASE=… node client.js encrypt PRIVATE SHARED
//     node server.js SHARED
//     PASSPHRASE=… node client.js decrypt PRIVATE SHARED
import { createReadStream, createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { openDevice } from "blindsight";
import { Ciphertext, KeyHolder, Parameters, sumRotations } from "blindsight/ckks";

const [, , command, ownFolder, sharedFolder] = process.argv;
const passphrase = process.env.PASSPHRASE; // ask for it in an app: others can read what stands on a command line
if (!passphrase || !sharedFolder) throw new Error("usage: PASSPHRASE=… node client.js encrypt|decrypt PRIVATE SHARED");
const secretFile = join(ownFolder, "secret.key");
const shared = (name: string) => join(sharedFolder, name);

const device = await openDevice("auto");
if (command === "encrypt") await encrypt([36.6, 38.2, 37.1, 39.4]);
else await decrypt();

async function encrypt(temperatures: number[]): Promise<void> {
  const parameters = Parameters.choose({ depth: 1 });
  using alice = await KeyHolder.create(device, parameters);
  // Encrypted, for a thief; 0600, for the neighbours; "wx" since a key that is overwritten is lost, with all it encrypted.
  await writeFile(secretFile, await alice.toWrappedBytes(passphrase!), { mode: 0o600, flag: "wx" });

  using keys = alice.evaluationKeys({ rotations: sumRotations(parameters.slots) }); // the server will sum all slots
  using ciphertext = alice.encrypt(temperatures, { bound: 64 });
  // Chunk by chunk: keys may be larger than what one wants to hold twice.
  await pipeline(keys.chunks(), createWriteStream(shared("evaluation.keys")));
  await pipeline(ciphertext.chunks(), createWriteStream(shared("temperatures.ct")));
}

async function decrypt(): Promise<void> {
  using alice = await KeyHolder.fromWrappedBytes(createReadStream(secretFile), passphrase!, device);
  using result = await Ciphertext.fromBytes(createReadStream(shared("result.ct")), alice.ring);
  const [sumOfSquares] = await alice.decrypt(result, 1);
  console.log("sum of squares:", sumOfSquares);
}
