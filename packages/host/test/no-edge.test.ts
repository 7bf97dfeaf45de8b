import { join } from 'node:path';
import { DEFAULT_RULES, openBook, openMarket, replay, USD_COP, type Book, type Fill } from '@signalbox/core';
import { createSimulator, DEMO_EDGE } from '@signalbox/core/testing';
import { describe, expect, it } from 'vitest';
import { addMacro } from '../src/inference/macro-series.js';
import { openPlan } from '../src/inference/plan.js';
import { discover } from '../src/plugins/discover.js';
import { openStrategies } from '../src/plugins/open.js';

const repository = join(import.meta.dirname, '../../..');
const plan = openPlan(USD_COP, null);
const PACKAGES = ['@signalbox/strategy-ml-xgb', '@signalbox/strategy-ensemble', 'signalbox-strategy-breakout'];
const WEIGHTS = { weights: { ML_XGB: 0.5, RULE_BREAKOUT: 0.5 } };

/** Gross and net P&L in USD of each closed trade, by strategy, over sessions of a simulated world. */
async function trades(
  seed: number,
  edge: number,
  sessions: number,
): Promise<Map<string, { gross: number; net: number }[]>> {
  const made = createSimulator({ seed, calendar: plan.calendar, edge, firstSession: '2024-01-02' }).sessions(sessions);
  const series = plan.series();
  for (const { macro } of made)
    for (const { date, values } of macro)
      addMacro(
        series,
        Object.entries(values).map(([name, value]) => ({ series: name, date, value: value!, firstSeen: undefined })),
      );
  const discovered = await discover(repository, PACKAGES);
  const opened = await openStrategies({
    rows: discovered.map((found) => {
      if (!('strategy' in found)) throw found.problem;
      const { code } = found.strategy.definition;
      return { code, package: found.package, parameters: code === 'ENSEMBLE' ? WEIGHTS : {}, isActive: true };
    }),
    discovered,
    features: plan.features,
    instrument: USD_COP,
    world: 'simulated',
    allowSimulatedModels: false,
    log: () => {},
  });
  const found = new Map(opened.seats.map(({ code }) => [code, [] as { gross: number; net: number }[]]));
  const opens = new Map<string, Fill>();
  await replay({
    stages: { instrument: USD_COP, calendar: plan.calendar, rules: DEFAULT_RULES, seats: opened.seats },
    state: {
      market: openMarket(plan.features, series, plan.calendar),
      books: new Map<string, Book>(opened.seats.map(({ code }) => [code, openBook(10_000)])),
    },
    bars: made.flatMap(({ bars }) => bars),
    ask: opened.ask,
    onStep(_, parts) {
      for (const part of parts)
        for (const fill of part.fills) {
          if (fill.action === 'open') opens.set(part.strategy, fill);
          else {
            const gross = fill.realizedPnl!;
            found.get(part.strategy)!.push({ gross, net: gross - fill.fee - opens.get(part.strategy)!.fee });
          }
        }
    },
  });
  return found;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
/** Mean in units of its standard error. */
function tStatistic(values: readonly number[]): number {
  const mean = sum(values) / values.length;
  const variance = sum(values.map((value) => (value - mean) ** 2)) / (values.length - 1);
  return mean / Math.sqrt(variance / values.length);
}

describe('a world without an edge', () => {
  it('lets no strategy look good: nothing before costs, a loss after them', async () => {
    const pooled = new Map<string, { gross: number; net: number }[]>();
    for (const seed of [101, 102, 103])
      for (const [code, list] of await trades(seed, 0, 150)) pooled.set(code, [...(pooled.get(code) ?? []), ...list]);
    expect([...pooled.keys()].sort()).toEqual(['ENSEMBLE', 'ML_XGB', 'RULE_BREAKOUT']);
    for (const [code, list] of pooled) {
      expect(list.length, `trades of ${code}`).toBeGreaterThan(50);
      expect(tStatistic(list.map(({ gross }) => gross)), `${code} before costs, in standard errors`).toBeLessThan(3);
      expect(sum(list.map(({ net }) => net)), `${code} after costs`).toBeLessThan(0);
    }
  });

  it('is told apart from one with the planted edge, which the model finds', async () => {
    const list = (await trades(101, DEMO_EDGE, 150)).get('ML_XGB')!;
    expect(tStatistic(list.map(({ gross }) => gross))).toBeGreaterThan(3);
  });
});
