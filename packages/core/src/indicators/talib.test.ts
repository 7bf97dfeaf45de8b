import { describe, expect, it } from 'vitest';
import { Adx } from './adx.js';
import { Atr } from './atr.js';
import closeOnly from './golden/close-only.json' with { type: 'json' };
import frozenLong from './golden/frozen-long.json' with { type: 'json' };
import frozenStart from './golden/frozen-start.json' with { type: 'json' };
import frozen from './golden/frozen.json' with { type: 'json' };
import oneWay from './golden/one-way.json' with { type: 'json' };
import ranges from './golden/ranges.json' with { type: 'json' };
import { Rsi } from './rsi.js';

type Golden = Record<'rsi_9' | 'atr_10' | 'atr_14' | 'adx_14', readonly (number | null)[]> &
  Record<'high' | 'low' | 'close', readonly number[]>;
const goldens: Record<string, Golden> = {
  ranges,
  'close-only': closeOnly,
  frozen,
  'frozen-start': frozenStart,
  'frozen-long': frozenLong,
  'one-way': oneWay,
} as Record<string, Golden>;

function ours(golden: Golden): Record<'rsi_9' | 'atr_10' | 'atr_14' | 'adx_14', number[]> {
  const [rsi, atr10, atr14, adx] = [new Rsi(9), new Atr(10), new Atr(14), new Adx(14)];
  const out = { rsi_9: [] as number[], atr_10: [] as number[], atr_14: [] as number[], adx_14: [] as number[] };
  golden.close.forEach((close, i) => {
    const [high, low] = [golden.high[i]!, golden.low[i]!];
    out.rsi_9.push(rsi.push(close));
    out.atr_10.push(atr10.push(high, low, close));
    out.atr_14.push(atr14.push(high, low, close));
    out.adx_14.push(adx.push(high, low));
  });
  return out;
}

describe.each(Object.entries(goldens))('rule 6: TA-Lib from the same first bar, %s', (name, golden) => {
  const values = ours(golden);
  it.each(['rsi_9', 'atr_10', 'atr_14', 'adx_14'] as const)('%s equals it to 1e-9 wherever both exist', (column) => {
    let compared = 0;
    let worst = 0;
    golden[column].forEach((theirs, i) => {
      const mine = values[column][i]!;
      if (theirs === null) expect(mine, `bar ${i}: TA-Lib has no value yet`).toBeNaN();
      else if (!Number.isNaN(mine)) {
        compared++;
        worst = Math.max(worst, Math.abs(mine - theirs));
      } else
        expect({ name, i, theirs }, 'the only bars that we leave out').toEqual({ name: 'frozen-start', i, theirs: 0 });
    });
    expect(worst).toBeLessThan(1e-9);
    expect(compared).toBeGreaterThan(name === 'frozen-start' ? 90 : golden.close.length - 30);
  });
});

describe('rule 6: the documented differences from TA-Lib', () => {
  it('no movement since the first bar is missing, where TA-Lib says 0', () => {
    const values = ours(goldens['frozen-start']!);
    for (const [column, bar] of [
      ['rsi_9', 60],
      ['adx_14', 60],
    ] as const) {
      expect(goldens['frozen-start']![column][bar]).toBe(0);
      expect(values[column][bar]).toBeNaN();
      expect(values[column][bar + 1], 'the first movement gives a value').toBeGreaterThanOrEqual(0);
    }
    expect(values.atr_10[60], 'a range of 0 divides by nothing: it is a value').toBe(0);
  });

  it('a quote that freezes after a movement keeps RSI and DX', () => {
    const golden = goldens['frozen-long']!;
    const values = ours(golden);
    const last = golden.close.length - 1;
    expect(values.rsi_9[last]).toBeCloseTo(values.rsi_9[39]!, 9);
    expect(values.adx_14[last]).toBeGreaterThan(0);
    expect(values.adx_14[last]).toBeCloseTo(values.adx_14[last - 100]!, 6);
  });
});

describe('a quote that freezes for months keeps RSI and DX: their averages do not fade into nothing', () => {
  const frozen = 20_000;
  const { high, low, close } = ranges;

  it('RSI', () => {
    const rsi = new Rsi(9);
    const moved = close.map((c) => rsi.push(c)).at(-1)!;
    for (let i = 0; i < frozen; i++) expect(rsi.push(close.at(-1)!)).toBeCloseTo(moved, 9);
    const gain = rsi.push(close.at(-1)! + 1);
    expect(gain, 'the first movement is all that counts then').toBeCloseTo(100, 9);
  });

  it('ADX', () => {
    const adx = new Adx(14);
    close.forEach((_, i) => adx.push(high[i]!, low[i]!));
    const values = Array.from({ length: frozen }, () => adx.push(high.at(-1)!, low.at(-1)!));
    expect(values[frozen - 1]).toBeCloseTo(values[1000]!, 9);
    expect(adx.push(high.at(-1)! + 1, low.at(-1)! + 1)).toBeGreaterThan(values[1000]!);
  });
});

it('a kernel takes bars singly and many at once with the same numbers, to the bit', () => {
  const { high, low, close } = Object.fromEntries(
    (['high', 'low', 'close'] as const).map((field) => [field, Float64Array.from(ranges[field])]),
  ) as Record<'high' | 'low' | 'close', Float64Array>;
  const single = [new Rsi(9), new Atr(10), new Adx(14)] as const;
  const many = [new Rsi(9), new Atr(10), new Adx(14)] as const;
  const out = many.map(() => new Float64Array(close.length));
  for (let from = 0, size = 1; from < close.length; from += size, size = (size * 7) % 41) {
    const to = Math.min(from + size, close.length);
    many[0].run(close, from, to, out[0]!);
    many[1].run(high, low, close, from, to, out[1]!);
    many[2].run(high, low, from, to, out[2]!);
  }
  close.forEach((c, i) => {
    const values = [single[0].push(c), single[1].push(high[i]!, low[i]!, c), single[2].push(high[i]!, low[i]!)];
    expect(values).toEqual(out.map((column) => column[i]));
  });
  single.forEach((kernel, k) => expect(kernel.state).toEqual(many[k]!.state));
});

it('a kernel goes on from a copy of its state, to the bit', () => {
  const { high, low, close } = ranges;
  const first = [new Rsi(9), new Atr(10), new Adx(14)] as const;
  const second = [new Rsi(9), new Atr(10), new Adx(14)] as const;
  close.forEach((c, i) => {
    if (i === 123) first.forEach((kernel, k) => second[k]!.state.set(kernel.state));
    const push = ([rsi, atr, adx]: typeof first) => [
      rsi.push(c),
      atr.push(high[i]!, low[i]!, c),
      adx.push(high[i]!, low[i]!),
    ];
    const expected = push(first);
    if (i >= 123) expect(push(second)).toEqual(expected);
  });
});
