import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHART_COLORS, colorOf, looks, SHAPES, STRATEGY_COLORS, type Theme } from './palette.js';

type Vector = readonly [number, number, number];
const THEMES: readonly Theme[] = ['dark', 'light'];

const linear = (hex: string): Vector => {
  const channel = (i: number): number => {
    const c = Number.parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return [channel(0), channel(1), channel(2)];
};
const apply = (m: readonly Vector[], v: Vector): Vector =>
  m.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]) as unknown as Vector;

/** Full loss of one cone; Machado, Oliveira and Fernandes 2009, table of severity 1.0. */
const SIGHT: Readonly<Record<string, readonly Vector[]>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

/** Ottosson's OKLab, times 100: a distance of about 2 is just noticeable. */
function oklab([r, g, b]: Vector): Vector {
  const [l, m, s] = [
    0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b,
    0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
    0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b,
  ].map((x) => Math.cbrt(Math.max(0, x))) as unknown as Vector;
  return [
    100 * (0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s),
    100 * (1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s),
    100 * (0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s),
  ];
}
const distance = (a: Vector, b: Vector): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
const luminance = (hex: string): number => {
  const [r, g, b] = linear(hex);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a: string, b: string): number => {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
};

describe.each(THEMES)('colours of the %s theme', (theme) => {
  const { background, up, down, text } = CHART_COLORS[theme];

  it.each(Object.keys(SIGHT))('eight strategies stay apart for %s sight', (sight) => {
    const seen = STRATEGY_COLORS[theme].map((hex) => oklab(apply(SIGHT[sight]!, linear(hex))));
    const close = seen.flatMap((a, i) => seen.slice(i + 1).map((b, j) => [distance(a, b), i, i + 1 + j] as const));
    const nearest = close.sort((a, b) => a[0] - b[0])[0]!;
    expect(nearest[0], `colours ${nearest[1]} and ${nearest[2]}`).toBeGreaterThan(8);
    // the first five, all that most desks ever need, stay much further apart
    expect(Math.min(...close.filter(([, i, j]) => i < 5 && j < 5).map(([d]) => d))).toBeGreaterThan(12);
  });

  it.each(Object.keys(SIGHT))('up and down stay apart for %s sight', (sight) => {
    const see = (hex: string): Vector => oklab(apply(SIGHT[sight]!, linear(hex)));
    expect(distance(see(up), see(down))).toBeGreaterThan(15);
  });

  it('marks have a contrast of 3 to the background, text 4.5', () => {
    for (const color of [...STRATEGY_COLORS[theme], up, down])
      expect(contrast(color, background), color).toBeGreaterThanOrEqual(3);
    expect(contrast(text, background)).toBeGreaterThanOrEqual(4.5);
  });
});

describe('looks', () => {
  it('the stylesheet has the same colours as the charts', () => {
    const css = readFileSync(new URL('../styles/page.css', import.meta.url), 'utf8').replace(/\s+/g, ' ');
    for (let i = 0; i < 8; i++) {
      expect(css).toContain(` [data-look='${i}'] { --look: ${STRATEGY_COLORS.light[i]}; }`);
      expect(css).toContain(`[data-theme='dark'] [data-look='${i}'] { --look: ${STRATEGY_COLORS.dark[i]}; }`);
    }
  });

  it('a strategy differs from its neighbours by shape as well as colour', () => {
    expect(new Set(SHAPES).size).toBe(8);
    const eight = looks(['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H']);
    expect(new Set([...eight.values()].map((look) => look.shape)).size).toBe(8);
    expect(new Set([...eight.values()].map((look) => colorOf(look, 'dark'))).size).toBe(8);
  });

  it('a strategy keeps its look whoever joins or leaves', () => {
    const alone = looks(['ML_XGB', 'BREAKOUT']);
    const all = looks(['ENSEMBLE', 'LLM_CLAUDE', 'ML_LGBM', 'ML_XGB', 'RL_PPO', 'BREAKOUT']);
    for (const code of ['ML_XGB', 'BREAKOUT']) expect(all.get(code)).toEqual(alone.get(code));
    expect(new Set([...all.values()].map((look) => look.index)).size).toBe(6);
    expect(looks(['BREAKOUT', 'ML_XGB'])).toEqual(alone);
  });

  it('the ninth strategy still has a look', () => {
    expect(SHAPES).toContain(looks([...'ABCDEFGHI']).get('I')?.shape);
    expect(colorOf(undefined, 'light')).toBe(STRATEGY_COLORS.light[7]);
  });
});
