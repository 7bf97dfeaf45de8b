/** Eight hues that stay apart with normal, deuteranope and protanope sight (checked in palette.test.ts), one set per theme. */
export const STRATEGY_COLORS = {
  dark: ['#61ceb9', '#b9699b', '#b29413', '#8c73fb', '#adfb89', '#fd9a75', '#44aae5', '#efebec'],
  light: ['#2c9da4', '#63016e', '#666821', '#747bf6', '#1d450c', '#cb7368', '#347ca9', '#5d5158'],
} as const;

export type Theme = keyof typeof STRATEGY_COLORS;

/** Second, colour-free sign of a strategy. No triangles: those say direction. */
export const SHAPES = ['circle', 'square', 'diamond', 'hexagon', 'plus', 'star', 'pentagon', 'ring'] as const;
export type Shape = (typeof SHAPES)[number];

/** How a strategy looks everywhere on the page. */
export interface Look {
  readonly index: number;
  readonly shape: Shape;
}

/** The strategies that come along have a look of their own; it is kept free for them. */
const OWN: Readonly<Record<string, number>> = { RL_PPO: 0, ML_LGBM: 1, ML_XGB: 2, LLM_CLAUDE: 3, ENSEMBLE: 4 };
const OTHERS = 5;

/**
 * Looks by code: a strategy keeps its own whoever joins or leaves. Codes of others begin at a place that follows from the
 * code, and give way only to one of them that wants the same; the looks of strategies that are not here come last.
 */
export function looks(codes: readonly string[]): ReadonlyMap<string, Look> {
  const taken = new Set(codes.flatMap((code) => (Object.hasOwn(OWN, code) ? [OWN[code]!] : [])));
  const free = SHAPES.length - OTHERS;
  const place = (code: string): number => {
    if (Object.hasOwn(OWN, code)) return OWN[code]!;
    const wish = hash(code);
    const order = SHAPES.map((_, i) => (i < free ? OTHERS + ((wish + i) % free) : (wish + i) % OTHERS));
    const index = order.find((each) => !taken.has(each)) ?? order[0]!;
    taken.add(index);
    return index;
  };
  return new Map(
    [...codes].sort().map((code) => {
      const index = place(code);
      return [code, { index, shape: SHAPES[index] ?? 'circle' }];
    }),
  );
}

/** FNV-1a. */
function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return sum;
}

export const colorOf = (look: Look | undefined, theme: Theme): string =>
  STRATEGY_COLORS[theme][look?.index ?? 7] ?? STRATEGY_COLORS[theme][7];

/** Colours of everything on a chart that is no strategy. */
export const CHART_COLORS = {
  dark: {
    background: '#131a24',
    text: '#93a1b3',
    grid: '#1e2835',
    line: '#2b3746',
    up: '#5aa9f0',
    down: '#f09a4d',
    crosshair: '#6b7a8d',
    label: '#d3dbe6',
    tag: '#2b3746',
    shade: 'rgba(150, 170, 200, 0.045)',
  },
  light: {
    background: '#ffffff',
    text: '#566273',
    grid: '#eef1f5',
    line: '#d5dbe3',
    up: '#1f6fbf',
    down: '#c8640b',
    crosshair: '#8894a5',
    label: '#3d4857',
    tag: '#4a5666',
    shade: 'rgba(40, 70, 110, 0.035)',
  },
} as const;
