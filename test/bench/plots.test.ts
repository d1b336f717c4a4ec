import { describe, expect, it } from "vitest";
import { plotsOf } from "../../bench/plots.js";
import type { BenchRecord, Measurement, Row } from "../../bench/record.js";
import { drawFigure } from "../../bench/svg.js";

const axes = { x: { label: "N", base: 2 }, y: { label: "ms", base: 10 } } as const;

/** The points of each line, in drawing order. */
function linesOf(svg: string): [number, number][][] {
  return [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points]) =>
    points.split(" ").map((point) => point.split(",").map(Number) as [number, number]),
  );
}

describe("drawFigure", () => {
  const points = [
    [2 ** 12, 0.1],
    [2 ** 13, 1],
    [2 ** 14, 10],
  ] as const;

  it("logarithmic axes put powers at equal distances, larger values further right and up", () => {
    const [line] = linesOf(
      drawFigure({ title: "t", ...axes, columns: 1, panels: [{ title: "p", series: [{ label: "a", points }] }] }),
    );
    const [a, b, c] = line;
    expect(b[0] - a[0]).toBeCloseTo(c[0] - b[0], 0);
    expect(a[1] - b[1]).toBeCloseTo(b[1] - c[1], 0);
    expect(c[0]).toBeGreaterThan(a[0]);
    expect(c[1]).toBeLessThan(a[1]);
  });

  it("a linear axis starts at zero", () => {
    const x = { label: "bits" };
    const series = [
      {
        label: "a",
        points: [
          [100, 1],
          [200, 2],
          [300, 3],
        ] as const,
      },
    ];
    const svg = drawFigure({ title: "t", x, y: { label: "ms" }, columns: 1, panels: [{ title: "p", series }] });
    const [[a, b, c]] = linesOf(svg);
    expect(b[0] - a[0]).toBeCloseTo(c[0] - b[0], 0);
    expect(svg).toMatch(/text-anchor="middle">0</);
  });

  it("is well-formed: text is escaped, every number finite, every series in the legend once", () => {
    const series = ["ours", "<theirs> & co"].map((label) => ({ label, points }));
    const panels = [
      { title: 'a "quoted" title', series },
      { title: "b", series },
      { title: "one point", series: [{ label: "ours", points: [[8, 3]] as const }] },
    ];
    const svg = drawFigure({ title: "a < b", ...axes, columns: 2, panels });
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(svg.match(/&lt;theirs&gt; &amp; co/g)).toHaveLength(1);
    expect(svg).toContain("a &lt; b");
    expect(svg.match(/<g /g)?.length).toBe(svg.match(/<\/g>/g)?.length);
    expect(svg.trim()).toMatch(/^<svg [\s\S]*<\/svg>$/);
    expect(linesOf(svg)).toHaveLength(5);
    const [, width, height] = svg.match(/viewBox="0 0 (\d+) (\d+)"/)!.map(Number);
    for (const [x, y] of linesOf(svg).flat()) {
      expect(x >= 0 && x <= width && y >= 0 && y <= height).toBe(true);
    }
  });
});

describe("plotsOf", () => {
  const side = (label: string, minimumMs: number, logQ: number): Measurement => ({
    subject: { label, threads: 1, parameters: "", logQ },
    ...{ samples: 1, perSample: 1, minimumMs, p25Ms: minimumMs, medianMs: minimumMs, p75Ms: minimumMs },
  });
  const row = (others: Partial<Row>): Row => ({
    ...{ group: "primitive", name: "rotate", logN: 12, threads: 1 },
    ...{ ours: side("blindsight", 1, 60), peer: side("node-seal 6.0.3", 4, 60) },
    ...others,
  });
  const names = (rows: Row[]) => [...plotsOf({ rows } as unknown as BenchRecord).keys()];

  it("cost against N needs two N, cost against level needs levels", () => {
    expect(names([row({})])).toEqual([]);
    expect(names([row({}), row({ logN: 13 })])).toEqual(["cost-against-n.svg"]);
    expect(names([row({ group: "level", level: 1 })])).toEqual(["cost-against-level.svg"]);
  });

  it("draws ours once for each number of threads and the peer once", () => {
    const rows = [12, 13].flatMap((logN) => [1, 2].map((threads) => row({ logN, threads })));
    const svg = plotsOf({ rows } as unknown as BenchRecord).get("cost-against-n.svg")!;
    expect(linesOf(svg)).toHaveLength(3);
    for (const label of ["blindsight, 1 thread<", "blindsight, 2 threads<", "node-seal 6.0.3, 1 thread<"]) {
      expect(svg).toContain(label);
    }
  });
});
