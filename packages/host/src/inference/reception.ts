import { hear, resetDrawdown, type Book, type Calendar, type Instrument, type Seen } from '@signalbox/core';
import type { Pool } from 'pg';
import { at } from '../stores/postgres/copy.js';
import { lostSignal } from '../stores/postgres/decisions.js';
import { bookSignal, leaveSignal, readUnbooked, type ExternalSignal } from '../stores/postgres/external-signals.js';
import { withFence, type Fence } from '../stores/postgres/fence.js';
import type { Queryable } from '../stores/postgres/pool.js';
import { readResets, storeReset } from '../stores/postgres/risk-resets.js';
import type { Seated } from './external.js';

export interface ReceptionOptions {
  readonly pool: Pool;
  readonly calendar: Calendar;
  readonly instrument: Instrument;
  readonly fence: Fence | null;
  readonly runId: string;
  readonly strategies: Seated;
  /** The desk's own. */
  readonly books: ReadonlyMap<string, Book>;
  readonly stands: ReadonlyMap<string, number>;
  readonly wallTime: boolean;
  readonly newest: () => { readonly processed: number | null; readonly seen: Seen | null };
}

/** Where a desk hears what comes between two bars: each in one transaction with the book that it changes. */
export interface Reception {
  /** Takes in what has come. @returns external signals of the coming bar, which are not booked yet */
  hear(comingBar?: number): Promise<readonly ExternalSignal[]>;
}

export function openReception(options: ReceptionOptions): Reception {
  const { pool, calendar, instrument, fence, runId, strategies, books, stands, wallTime, newest } = options;
  const { symbol } = instrument;
  const { slotMs } = calendar;

  /** No bar opens then: outside the session, or beside the slots. */
  const isBar = (time: number): boolean => {
    const slot = calendar.slot(time);
    return slot !== undefined && (time - calendar.sessionOpen(slot.session)!) % slotMs === 0;
  };

  const storeBook = async (db: Queryable, code: string, strategyId: number): Promise<void> => {
    const { rowCount } = await db.query(
      'UPDATE dw.strategy_state SET book = $4, recorded_at = now() WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3 AND bar_time = $5',
      [runId, strategyId, symbol, JSON.stringify(books.get(code)), at(stands.get(code)!)],
    );
    if (rowCount !== 1) throw new Error(`the stored book of ${code} does not stand where the desk's does`);
  };

  const receive = async (signal: ExternalSignal): Promise<void> => {
    const { code, signalId, barTime, opinion } = signal;
    const { processed, seen } = newest();
    const stand = stands.get(code);
    if (stand === undefined) return; // its strategy has no seat yet
    const leave = (reason: string): Promise<unknown> =>
      withFence(pool, fence, (client) => leaveSignal(client, signalId, reason));
    if (!isBar(barTime)) return void (await leave('impossible_time'));
    if (processed === null || barTime > processed) return;
    const late = wallTime && signal.recordedAt > barTime + 2 * slotMs;
    if (barTime < processed || late || seen?.tooOld) return void (await leave('too_old'));
    // after a crash between two commits of the bar
    if (stand !== processed) return;
    if (seen === null) return void (await leave(calendar.slot(barTime)!.last ? 'last_bar' : 'too_old'));
    const book = books.get(code)!;
    const seat = strategies.seats.find((one) => one.code === code)!;
    const outcome = hear({ instrument, calendar }, seat, seen, book, opinion);
    await withFence(pool, fence, async (client) => {
      await storeBook(client, code, signal.strategyId);
      await client.query(
        'DELETE FROM dw.fact_no_signal WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3 AND bar_time = $4',
        [runId, signal.strategyId, symbol, at(barTime)],
      );
      if (!(await bookSignal(client, signalId, opinion, outcome, 'live'))) throw lostSignal(signalId);
    });
  };

  const resets = async (): Promise<void> => {
    for (const reset of await readResets(pool, symbol)) {
      const book = books.get(reset.code);
      const stand = stands.get(reset.code);
      if (!book || stand === undefined) continue;
      const done = {
        symbol,
        wasHalted: book.drawdownHalted,
        peakBefore: book.peak,
        peakAfter: book.equity,
        markTime: stand + slotMs,
      };
      resetDrawdown(book);
      await withFence(pool, fence, async (client) => {
        await storeBook(client, reset.code, reset.strategyId);
        await storeReset(client, reset, done);
      });
    }
  };

  return {
    async hear(comingBar) {
      await resets();
      if (!strategies.seats.some((seat) => seat.external)) return [];
      const waiting = await readUnbooked(pool, symbol);
      for (const signal of waiting) if (signal.barTime !== comingBar) await receive(signal);
      return waiting.filter((signal) => signal.barTime === comingBar);
    },
  };
}
