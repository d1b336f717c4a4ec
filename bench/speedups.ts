/** What threads give: rows that differ in nothing but their number. */
import { type BenchRecord, keyOf, type Row } from "./record.js";

/** A line for each row on several threads whose twin on fewer is there. */
export function speedupLines({ rows }: BenchRecord): string[] {
  const timed = rows.filter(({ ours, group }) => ours && group !== "kernel");
  const twins = new Map<string, Row[]>();
  for (const row of timed) {
    const key = keyOf({ ...row, threads: 0 });
    twins.set(key, [...(twins.get(key) ?? []), row]);
  }
  return [...twins.values()].flatMap((alike) => {
    const [fewest, ...more] = alike.toSorted((a, b) => a.threads - b.threads);
    return more.map((row) => lineOf(fewest, row));
  });
}

function lineOf(one: Row, several: Row): string {
  const share = (time: "minimumMs" | "medianMs") => (several.ours![time] / one.ours![time]).toFixed(2);
  const beside = several.busy ? `, beside ${several.busy} busy process${several.busy > 1 ? "es" : ""}` : "";
  return (
    `${several.name}, 2^${several.logN}${beside}: ${several.threads} threads take ${share("minimumMs")} ` +
    `(median ${share("medianMs")}) of the time of ${one.threads}`
  );
}
