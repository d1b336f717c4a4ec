/** Line charts as SVG, small panels side by side: nothing to install, and text that stays sharp in a README. */

export interface Series {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
}

export interface Figure {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly panels: readonly Panel[];
  /** Panels in a row. */
  readonly columns: number;
}

export interface Axis {
  readonly label: string;
  /** Logarithmic with ticks at the powers of this base; linear without. */
  readonly base?: 2 | 10;
}

const PANEL = { width: 300, height: 210 };
const MARGIN = { left: 52, right: 14, top: 30, bottom: 40 };
const HEAD = 62;
/** Told apart with every kind of colour vision, and by their dashes and marks in print. Source: Okabe and Ito, 2008. */
const STYLES = [
  { colour: "#0072b2", dash: "" },
  { colour: "#d55e00", dash: "6 3" },
  { colour: "#009e73", dash: "2 2" },
  { colour: "#cc79a7", dash: "8 3 2 3" },
  { colour: "#56606b", dash: "1 3" },
];

/** @returns a whole SVG document, on a light background. */
export function drawFigure({ title, x, y, panels, columns }: Figure): string {
  const labels = [...new Set(panels.flatMap(({ series }) => series.map(({ label }) => label)))];
  const perRow = Math.min(columns, Math.max(1, panels.length));
  const width = perRow * PANEL.width;
  const height = HEAD + Math.ceil(panels.length / perRow) * PANEL.height;
  const drawn = panels.map((panel, i) => {
    const [left, top] = [(i % perRow) * PANEL.width, HEAD + Math.floor(i / perRow) * PANEL.height];
    return `<g transform="translate(${left} ${top})">${drawPanel(panel, x, y, labels)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, sans-serif" font-size="11" fill="#222">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="14" y="22" font-size="15" font-weight="bold">${escaped(title)}</text>`,
    drawLegend(labels),
    ...drawn,
    "</svg>\n",
  ].join("\n");
}

function drawLegend(labels: readonly string[]): string {
  let left = 14;
  return labels
    .map((label) => {
      const begin = left;
      left += 44 + 6.4 * label.length;
      return `<line x1="${begin}" y1="42" x2="${begin + 24}" y2="42" ${stroke(labels, label)}/><text x="${begin + 30}" y="46">${escaped(label)}</text>`;
    })
    .join("");
}

function drawPanel({ title, series }: Panel, x: Axis, y: Axis, labels: readonly string[]): string {
  const right = PANEL.width - MARGIN.right;
  const bottom = PANEL.height - MARGIN.bottom;
  const points = series.flatMap((each) => each.points);
  const across = scaleOf(
    x,
    points.map(([value]) => value),
    MARGIN.left,
    right,
  );
  const up = scaleOf(
    y,
    points.map(([, value]) => value),
    bottom,
    MARGIN.top,
  );
  const grid = [
    ...across.ticks.map((tick) => {
      const at = round(across.place(tick));
      return `<line x1="${at}" y1="${MARGIN.top}" x2="${at}" y2="${bottom}" stroke="#e6e8eb"/><text x="${at}" y="${bottom + 14}" text-anchor="middle">${tickText(tick, x)}</text>`;
    }),
    ...up.ticks.map((tick) => {
      const at = round(up.place(tick));
      return `<line x1="${MARGIN.left}" y1="${at}" x2="${right}" y2="${at}" stroke="#e6e8eb"/><text x="${MARGIN.left - 6}" y="${at + 4}" text-anchor="end">${tickText(tick, y)}</text>`;
    }),
  ];
  const lines = series.map(({ label, points: own }) => {
    const places = own.map(([a, b]) => [round(across.place(a)), round(up.place(b))] as const);
    const { colour } = styleOf(labels, label);
    const path = places.map(([a, b]) => `${a},${b}`).join(" ");
    const dots = places.map(([a, b]) => `<circle cx="${a}" cy="${b}" r="2.6" fill="${colour}"/>`).join("");
    return `<polyline points="${path}" fill="none" ${stroke(labels, label)}/>${dots}`;
  });
  const middle = (MARGIN.top + bottom) / 2;
  return [
    `<text x="${MARGIN.left}" y="20" font-weight="bold" font-size="${titleSize(title)}">${escaped(title)}</text>`,
    ...grid,
    `<path d="M${MARGIN.left} ${MARGIN.top}V${bottom}H${right}" fill="none" stroke="#8a929b"/>`,
    ...lines,
    `<text x="${(MARGIN.left + right) / 2}" y="${PANEL.height - 8}" text-anchor="middle" fill="#56606b">${escaped(x.label)}</text>`,
    `<text x="12" y="${middle}" text-anchor="middle" fill="#56606b" transform="rotate(-90 12 ${middle})">${escaped(y.label)}</text>`,
  ].join("");
}

interface Scale {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

/** From values to places between `from` and `to`, with whole ticks at both ends. */
function scaleOf({ base }: Axis, values: readonly number[], from: number, to: number): Scale {
  const inner = base ? (value: number) => Math.log(value) / Math.log(base) : (value: number) => value;
  const lowest = Math.min(...values.map(inner));
  const highest = Math.max(...values.map(inner));
  const step = base ? 1 : niceStep(highest);
  const low = base ? Math.floor(lowest + 1e-9) : 0;
  const high = Math.max(step * Math.ceil(highest / step - 1e-9), low + step);
  const count = Math.round((high - low) / step);
  const ticks = Array.from({ length: count + 1 }, (_, i) => low + i * step);
  return {
    place: (value) => from + ((inner(value) - low) / (high - low)) * (to - from),
    ticks: base ? ticks.map((tick) => base ** tick) : ticks,
  };
}

/** 1, 2 or 5 times a power of ten, so that there are four to ten ticks. */
function niceStep(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(highest));
  const share = highest / power;
  return share <= 2 ? power / 4 : share <= 5 ? power / 2 : power;
}

function tickText(tick: number, { base }: Axis): string {
  if (base === 2) return `2<tspan dy="-4" font-size="8">${Math.round(Math.log2(tick))}</tspan>`;
  return String(Number(tick.toPrecision(6)));
}

/** As large as other text, or as small as the panel is narrow. */
function titleSize(title: string): number {
  const widthPerSize = 0.62 * title.length; // of a bold letter, on average
  return Math.min(11, round((PANEL.width - MARGIN.left) / widthPerSize));
}

function styleOf(labels: readonly string[], label: string) {
  return STYLES[labels.indexOf(label) % STYLES.length];
}

function stroke(labels: readonly string[], label: string): string {
  const { colour, dash } = styleOf(labels, label);
  return `stroke="${colour}" stroke-width="1.8"${dash ? ` stroke-dasharray="${dash}"` : ""}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);
}
