import { beforeEach, describe, expect, it } from 'vitest';
import { newestBar, readBarBatches, readBars, storeBars, type SourcedBar } from '../../src/stores/postgres/bars.js';
import { storeFeatureRow, storeFeatureRows } from '../../src/stores/postgres/feature-values.js';
import { ensureFeatureView, readFeatureView } from '../../src/stores/postgres/feature-view.js';
import { readMacro, storeMacro } from '../../src/stores/postgres/macro.js';
import { markFirstCycle } from '../../src/stores/postgres/world.js';
import { testDatabase, type TestDatabase } from '../postgres.js';
import { BAR, START } from './parts.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await testDatabase({ world: 'market' });
});

const bars = (n: number): SourcedBar[] =>
  Array.from({ length: n }, (_, i) => ({
    symbol: 'USD/COP',
    time: START + i * BAR,
    open: 4250.123456,
    high: 4260,
    low: 4240.5,
    close: 4250 + i / 1e6,
    volume: i,
    source: 'csv',
  }));
const count = async (sql: string): Promise<number> =>
  (await db.pool.query<{ n: number }>(`SELECT count(*) AS n FROM ${sql}`)).rows[0]!.n;

describe('bars', () => {
  it.each([[3], [500]])('%i bars come back as they were stored; a repeat changes nothing', async (n) => {
    expect(await storeBars(db.pool, bars(n))).toEqual({ inserted: n, unchanged: 0, revised: 0 });
    expect(await readBars(db.pool, { symbol: 'USD/COP' })).toEqual(bars(n));
    expect(await storeBars(db.pool, bars(n))).toEqual({ inserted: 0, unchanged: n, revised: 0 });
    expect(await count('revisions')).toBe(0);
    expect(await count('dw.events')).toBe(1);
    expect(await newestBar(db.pool, 'USD/COP')).toEqual(bars(n).at(-1));
  });

  it.each([[10], [200]])('of %i bars, changed ones overwrite after their revision, new ones are added', async (n) => {
    await storeBars(db.pool, bars(n));
    const next = bars(n + 5).map((bar, i) => (i === 2 ? { ...bar, close: 4255, source: 'fix' } : bar));
    expect(await storeBars(db.pool, next)).toEqual({ inserted: 5, unchanged: n - 1, revised: 1 });
    expect(await readBars(db.pool, { symbol: 'USD/COP' })).toEqual(next);
    const { rows } = await db.pool.query(
      `SELECT column_name, old_value, new_value, source FROM revisions ORDER BY column_name`,
    );
    expect(rows).toEqual([
      { column_name: 'close', old_value: '4250.000002', new_value: '4255.000000', source: 'fix' },
      { column_name: 'source', old_value: 'csv', new_value: 'fix', source: 'fix' },
    ]);
  });

  it('a bad row in a load leaves nothing of the load', async () => {
    const bad = bars(300).map((bar, i) => (i === 299 ? { ...bar, high: 1 } : bar));
    await expect(storeBars(db.pool, bad)).rejects.toMatchObject({ code: '23514' });
    expect(await count('usdcop_m5_ohlcv')).toBe(0);
  });

  it('two loads of the same bars at once: each bar once', async () => {
    const counts = await Promise.all([
      storeBars(db.pool, bars(200)),
      storeBars(db.pool, bars(200)),
      storeBars(db.pool, bars(20)),
    ]);
    expect(counts.reduce((sum, c) => sum + c.inserted, 0)).toBe(200);
    expect(await count('usdcop_m5_ohlcv')).toBe(200);
  });

  it('windows are inclusive at both ends, batches keep the order', async () => {
    await storeBars(db.pool, bars(100));
    const window = { symbol: 'USD/COP', from: START + 10 * BAR, to: START + 89 * BAR, batch: 7 };
    const seen: number[] = [];
    for await (const batch of readBarBatches(db.pool, window)) {
      expect(batch.length).toBeLessThanOrEqual(7);
      seen.push(...batch.map((bar) => bar.time));
    }
    expect(seen).toEqual(Array.from({ length: 80 }, (_, i) => START + (i + 10) * BAR));
    expect(await readBars(db.pool, { symbol: 'EUR/USD' })).toEqual([]);
  });
});

describe('macro values', () => {
  const columns = ['dxy', 'm2'];
  it('come back per series; a null erases nothing; a repeat changes nothing', async () => {
    const rows = [
      { date: '2025-01-02', values: [108.1234, null] },
      { date: '2025-01-03', values: [108.2, 21_533.8] },
    ];
    expect(await storeMacro(db.pool, columns, rows, 'csv')).toEqual({ inserted: 2, unchanged: 0, revised: 0 });
    expect(await storeMacro(db.pool, columns, rows, 'csv')).toEqual({ inserted: 0, unchanged: 2, revised: 0 });
    expect(
      await storeMacro(db.pool, ['dxy', 'vix'], [{ date: '2025-01-03', values: [null, 17.9] }], 'fred'),
    ).toMatchObject({ revised: 1 });
    expect(await readMacro(db.pool, ['m2', 'dxy', 'vix'])).toEqual([
      { series: 'dxy', date: '2025-01-02', value: 108.1234, firstSeen: undefined },
      { series: 'm2', date: '2025-01-03', value: 21_533.8, firstSeen: undefined },
      { series: 'dxy', date: '2025-01-03', value: 108.2, firstSeen: undefined },
      { series: 'vix', date: '2025-01-03', value: 17.9, firstSeen: undefined },
    ]);
    expect(await readMacro(db.pool, ['dxy'], '2025-01-03')).toHaveLength(1);
  });

  it('a value that comes after the first cycle carries the market time at which it was first seen, and keeps each vintage when revised', async () => {
    await storeMacro(db.pool, columns, [{ date: '2025-01-02', values: [108, null] }], 'csv', { marketTime: START });
    await markFirstCycle(db.pool, START);
    await storeMacro(db.pool, columns, [{ date: '2025-01-02', values: [109, 21_000] }], 'csv', {
      marketTime: START + BAR,
    });
    await storeMacro(db.pool, columns, [{ date: '2025-01-02', values: [110, 21_001] }], 'csv', {
      marketTime: START + 2 * BAR,
    });
    expect(await readMacro(db.pool, columns)).toEqual([
      { series: 'dxy', date: '2025-01-02', value: 108, firstSeen: undefined },
      { series: 'dxy', date: '2025-01-02', value: 109, firstSeen: START + BAR },
      { series: 'dxy', date: '2025-01-02', value: 110, firstSeen: START + 2 * BAR },
      { series: 'm2', date: '2025-01-02', value: 21_000, firstSeen: START + BAR },
      { series: 'm2', date: '2025-01-02', value: 21_001, firstSeen: START + 2 * BAR },
    ]);
    const { rows } = await db.pool.query(`SELECT column_name, old_value, seen_at FROM revisions ORDER BY revision_id`);
    expect(rows).toContainEqual({ column_name: 'm2', old_value: '21000.0000', seen_at: START + 2 * BAR });
  });

  it('a name that is no column never reaches SQL', async () => {
    await expect(
      storeMacro(db.pool, ['dxy; DROP TABLE users'], [{ date: '2025-01-02', values: [1] }], 'x'),
    ).rejects.toThrow(RangeError);
    await expect(readMacro(db.pool, ['"'])).rejects.toThrow(RangeError);
  });
});

describe('feature values', () => {
  it('stand in the view under their names, to the bit, missing as null; a repeat overwrites', async () => {
    const values = Float64Array.from({ length: 13 }, (_, i) => (i === 5 ? NaN : (i + 1) / 3));
    expect(await storeFeatureRows(db.pool, [{ time: START, symbol: 'USD/COP', values }], 'h')).toBe(1);
    await storeFeatureRow(db.pool, { time: START, symbol: 'USD/COP', values }, 'h');
    const { rows } = await db.pool.query('SELECT * FROM inference_features_5m');
    expect(rows).toMatchObject([{ time: START, log_ret_5m: 1 / 3, adx_14: null, usdmxn_change_1d: 13 / 3 }]);
    const hash = 'a'.repeat(64);
    await ensureFeatureView(db.pool, ['rsi_9', 'a"b'], hash);
    expect(await readFeatureView(db.pool)).toEqual({ names: ['rsi_9', 'a"b'], featureHash: hash });
    expect((await db.pool.query('SELECT * FROM inference_features_5m')).rows, 'those are of another file').toEqual([]);
    await storeFeatureRow(db.pool, { time: START, symbol: 'USD/COP', values }, hash);
    expect((await db.pool.query('SELECT * FROM inference_features_5m')).rows).toEqual([
      { time: START, symbol: 'USD/COP', rsi_9: 1 / 3, 'a"b': 2 / 3 },
    ]);
  });

  it('who may read the view still may after columns were added; a view that rests on a column that goes is named', async () => {
    const hash = (digit: string) => digit.repeat(64);
    await ensureFeatureView(db.pool, ['rsi_9', 'a"b'], hash('a'));
    await db.pool.query(
      `CREATE ROLE reader_${process.pid}; GRANT SELECT ON inference_features_5m TO reader_${process.pid}`,
    );
    const mayRead = async () =>
      (
        await db.pool.query(
          `SELECT has_table_privilege('reader_${process.pid}', 'inference_features_5m', 'SELECT') AS may`,
        )
      ).rows;
    try {
      await ensureFeatureView(db.pool, ['rsi_9', 'a"b', 'c'], hash('b'));
      expect(await mayRead()).toEqual([{ may: true }]);
      expect(await readFeatureView(db.pool)).toEqual({ names: ['rsi_9', 'a"b', 'c'], featureHash: hash('b') });
    } finally {
      await db.pool.query(`DROP OWNED BY reader_${process.pid}; DROP ROLE reader_${process.pid}`);
    }
    await db.pool.query('CREATE VIEW mine AS SELECT c FROM inference_features_5m');
    await expect(ensureFeatureView(db.pool, ['rsi_9'], hash('c'))).rejects.toMatchObject({
      code: 'FEATURE_VIEW_IN_USE',
      message: expect.stringContaining('mine') as string,
    });
    expect((await readFeatureView(db.pool))!.featureHash, 'it shows what it showed').toBe(hash('b'));
  });
});
