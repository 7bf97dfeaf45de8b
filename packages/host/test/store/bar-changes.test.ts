import type { PoolClient } from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { readBarsAsKnown } from '../../src/stores/postgres/bars-as-known.js';
import { storeBars, type SourcedBar } from '../../src/stores/postgres/bars.js';
import { storeFeatureRow } from '../../src/stores/postgres/feature-values.js';
import { takeBars, type TakenBars } from '../../src/stores/postgres/market-progress.js';
import { readSnapshot, storeSnapshot } from '../../src/stores/postgres/snapshots.js';
import { markFirstCycle } from '../../src/stores/postgres/world.js';
import { testDatabase, type TestDatabase } from '../postgres.js';
import { BAR, START } from './parts.js';

const [OWN, OTHER] = ['USD/COP', 'USD/MXN'];
const at = (i: number): number => START + i * BAR;
const bar = (symbol: string, i: number, close = 100): SourcedBar => ({
  symbol,
  time: at(i),
  open: 100,
  high: 110,
  low: 90,
  close,
  volume: 1,
  source: 'test',
});
let db: TestDatabase;
beforeEach(async () => {
  db = await testDatabase({ world: 'market' });
  await storeBars(
    db.pool,
    [0, 1, 2].flatMap((i) => [bar(OWN, i), bar(OTHER, i)]),
  );
  await markFirstCycle(db.pool, at(3));
});
const take = (last: number, to: number, seen: string | null = null): Promise<TakenBars> =>
  takeBars(db.pool, { symbol: OWN, others: [OTHER], last: at(last), first: at(last + 1), to: at(to), seen });
const keep = (seen: string): Promise<boolean> =>
  storeSnapshot(db.pool, OWN, [OWN, OTHER], { fingerprint: 'f', lastBar: at(2), numbers: Float64Array.of(1) }, seen);
const closes = async (symbol: string, asOf: number) =>
  (await readBarsAsKnown(db.pool, symbol, at(9), asOf)).map(({ time, close }) => [(time - START) / BAR, close]);
/** A change by hand that is not committed before it is said. */
async function underWay(sql: string, values: unknown[] = []): Promise<{ commit(): Promise<void> }> {
  const client: PoolClient = await db.pool.connect();
  await client.query('BEGIN');
  await client.query(sql, values);
  return {
    async commit() {
      await client.query('COMMIT');
      client.release();
    },
  };
}
const iso = (i: number): string => new Date(at(i)).toISOString();

describe('bars that are taken', () => {
  it('come with the other symbol’s and with what changed before them, of either symbol, once', async () => {
    let { seen } = await take(2, 2);
    await storeBars(db.pool, [bar(OWN, 3), bar(OTHER, 3), bar(OTHER, 4)]);
    const next = await take(2, 3, seen);
    expect(next.changed, 'bars that are new are no change of the past').toBeNull();
    expect(next.own.map(({ time }) => time)).toEqual([at(3)]);
    expect(
      next.others.map(({ time }) => time),
      'none of a later slot',
    ).toEqual([at(3)]);
    await storeBars(db.pool, [bar(OTHER, 1, 95)]);
    const after = await take(3, 4, next.seen);
    expect([after.changed, after.others.map(({ time }) => time)]).toEqual([at(1), [at(4)]]);
    ({ seen } = after);
    expect((await take(4, 4, seen)).changed).toBeNull();
    await db.pool.query('DELETE FROM usdcop_m5_ohlcv WHERE symbol = $1 AND time = $2', [OWN, iso(2)]);
    expect((await take(4, 4, seen)).changed).toBe(at(2));
  });

  it('a change that was under way when they were taken is seen by the next, though an earlier one was numbered after it', async () => {
    const { seen } = await take(2, 2);
    const slow = await underWay('UPDATE usdcop_m5_ohlcv SET close = 105 WHERE symbol = $1 AND time = $2', [
      OTHER,
      iso(0),
    ]);
    await storeBars(db.pool, [bar(OWN, 2, 101)]);
    const first = await take(2, 3, seen);
    expect(first.changed).toBe(at(2));
    await slow.commit();
    expect((await take(3, 4, first.seen)).changed).toBe(at(0));
  });

  it('the same bar again, or its confirmation, is no change', async () => {
    const { seen } = await take(2, 2);
    await storeBars(db.pool, [bar(OWN, 1)]);
    await db.pool.query('UPDATE usdcop_m5_ohlcv SET recorded_at = now()');
    expect((await take(2, 3, seen)).changed).toBeNull();
  });
});

describe('snapshots', () => {
  it('one that is kept while a repair is under way is not used once that is there', async () => {
    const { seen } = await take(2, 2);
    const repair = await underWay('UPDATE usdcop_m5_ohlcv SET close = 105 WHERE symbol = $1 AND time = $2', [
      OTHER,
      iso(0),
    ]);
    expect(await keep(seen), 'nobody can know of it yet').toBe(true);
    expect(await readSnapshot(db.pool, OWN, 'f', at(2))).toBeDefined();
    await repair.commit();
    expect(await readSnapshot(db.pool, OWN, 'f', at(2))).toBeUndefined();
  });

  it('one whose past was repaired since it was read is not kept; one of before the repaired bar stays', async () => {
    const { seen } = await take(2, 2);
    expect(await keep(seen)).toBe(true);
    await storeBars(db.pool, [bar(OWN, 4)]);
    expect(await readSnapshot(db.pool, OWN, 'f', at(9))).toBeDefined();
    await storeBars(db.pool, [bar(OWN, 0, 101)]);
    expect(await readSnapshot(db.pool, OWN, 'f', at(9))).toBeUndefined();
    expect(await keep(seen)).toBe(false);
    expect(await keep((await take(2, 2)).seen)).toBe(true);
  });
});

describe('what was known of a bar', () => {
  const market = (i: number) => ({ marketTime: at(i) + 1_000 });

  it('of another symbol as of the traded one: late and overwritten bars stand as they stood', async () => {
    await take(2, 5);
    await storeBars(db.pool, [bar(OTHER, 3), bar(OTHER, 1, 95)], market(6));
    expect(await closes(OTHER, at(6))).toEqual([
      [0, 100],
      [1, 100],
      [2, 100],
    ]);
    expect(await closes(OTHER, at(7))).toEqual([
      [0, 100],
      [1, 95],
      [2, 100],
      [3, 100],
    ]);
  });

  it('one that goes and comes back was there, was away, and is there', async () => {
    await take(2, 5);
    const when = new Date(market(6).marketTime).toISOString();
    await db.pool.query(
      `BEGIN; SET LOCAL signalbox.market_time = '${when}';
       DELETE FROM usdcop_m5_ohlcv WHERE symbol = '${OTHER}' AND time = '${iso(1)}'; COMMIT`,
    );
    await storeBars(db.pool, [bar(OTHER, 1, 96)], market(8));
    expect(await closes(OTHER, at(6))).toEqual([
      [0, 100],
      [1, 100],
      [2, 100],
    ]);
    expect(await closes(OTHER, at(7))).toEqual([
      [0, 100],
      [2, 100],
    ]);
    expect(await closes(OTHER, at(9))).toEqual([
      [0, 100],
      [1, 96],
      [2, 100],
    ]);
  });

  it('what comes in whatever order before the first cycle is known at its own time', async () => {
    await db.pool.query('UPDATE dw.world SET first_cycle_at = NULL');
    await take(2, 2);
    await storeBars(db.pool, [bar(OTHER, -1), bar(OTHER, 0, 99)]);
    expect(await closes(OTHER, at(3))).toEqual([
      [-1, 100],
      [0, 99],
      [1, 100],
      [2, 100],
    ]);
  });
});

describe('features of a bar that goes', () => {
  it('go with it, deleted or moved to another time', async () => {
    for (const i of [0, 1, 2]) await storeFeatureRow(db.pool, { time: at(i), symbol: OWN, values: [1] }, 'h');
    const { seen } = await take(2, 2);
    await db.pool.query('DELETE FROM usdcop_m5_ohlcv WHERE symbol = $1 AND time = $2', [OWN, iso(0)]);
    await db.pool.query('UPDATE usdcop_m5_ohlcv SET time = $3 WHERE symbol = $1 AND time = $2', [OWN, iso(1), iso(5)]);
    const { rows } = await db.pool.query<{ time: number }>('SELECT time FROM dw.feature_values');
    expect(rows).toEqual([{ time: at(2) }]);
    expect((await take(2, 3, seen)).changed).toBe(at(0));
  });
});
