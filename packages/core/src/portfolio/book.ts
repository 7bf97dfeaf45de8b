import type { Bar } from '../market/bar.js';
import { changePct, FRACTION_DECIMALS, MONEY_DECIMALS, round } from '../market/decimal.js';
import { addMoney, profit } from '../market/money.js';
import { FLAT, type Position } from '../market/position.js';
import type { Slot } from '../market/slot.js';
import { CONTRADICTIONS, type Signal } from '../signals/signal.js';
import { closeAtGap, closeAtLevel, closePosition, openPosition, type Ledger, type SettleContext } from './fills.js';
import { checkLimits, refusal } from './risk.js';
import type { Book, Mark, Settlement } from './types.js';

/** A new account with nothing in it but `initialEquity` USD. Throws a `RangeError` unless that is above 0. */
export function openBook(initialEquity: number): Book {
  const equity = round(initialEquity, MONEY_DECIMALS);
  if (!(equity > 0)) throw new RangeError(`initial equity must be above 0, not ${initialEquity}`);
  return {
    initialEquity: equity,
    cash: equity,
    equity,
    peak: equity,
    allTimePeak: equity,
    position: null,
    pending: null,
    lastBarTime: null,
    session: null,
    sessionStartEquity: equity,
    entriesThisSession: 0,
    lossesInARow: 0,
    pauseUntil: null,
    drawdownHalted: false,
    sessionHalted: false,
  };
}

/**
 * Takes the book through one bar: what is pending at the open, gaps, stop and target, the session's end, the mark, the
 * limits. Mutates the book.
 *
 * @throws RangeError when the bar is not later than the last one: a book never goes back.
 */
export function settle(book: Book, bar: Bar, context: SettleContext): Settlement {
  if (book.lastBarTime !== null && bar.time <= book.lastBarTime) {
    throw new RangeError(`bar ${iso(bar.time)} is not later than the book's last bar ${iso(book.lastBarTime)}`);
  }
  const { slot, rules } = context;
  const ledger: Ledger = { fills: [], alerts: [] };

  if (slot.session !== book.session) {
    beginSession(book, slot);
    // the last slot was absent, or the position would be closed: its exit comes first, then what is pending
    if (book.position && rules.exitAtSessionEnd) {
      closePosition(book, bar.open, bar.time, 'session_end', context, ledger);
    }
  }
  const refused = fillPending(book, bar, context, ledger);
  if (book.position) closeAtGap(book, bar, context, ledger);
  if (book.position) closeAtLevel(book, bar, context, ledger);
  if (book.position && slot.last && rules.exitAtSessionEnd) {
    closePosition(book, bar.close, bar.time + context.slotMs, 'session_end', context, ledger);
  }
  const mark = markToClose(book, bar, context);
  checkLimits(book, rules.limits, ledger.alerts);
  return { fills: ledger.fills, refused, mark, alerts: ledger.alerts };
}

function beginSession(book: Book, slot: Slot): void {
  book.session = slot.session;
  book.sessionStartEquity = book.equity;
  book.entriesThisSession = 0;
  book.sessionHalted = false;
}

function fillPending(book: Book, bar: Bar, context: SettleContext, ledger: Ledger): Settlement['refused'] {
  const order = book.pending;
  if (!order) return null;
  book.pending = null;
  if (order.exit && book.position) closePosition(book, bar.open, bar.time, order.exit, context, ledger);
  const { entry, signalBarTime } = order;
  if (!entry) return null;
  const reason = refusal(book, order, entry, bar.open, bar.time, context.slot, context.rules.limits);
  if (reason !== null) return { signalBarTime, reason };
  openPosition(book, entry, signalBarTime, bar, context, ledger);
  return null;
}

function markToClose(book: Book, bar: Bar, context: SettleContext): Mark {
  const { position } = book;
  if (position) {
    position.barsHeld++;
    const { side, quantity, entryPrice } = position;
    position.unrealizedPnl = profit(context.instrument, side, quantity, entryPrice, bar.close);
  }
  const unrealizedPnl = position?.unrealizedPnl ?? 0;
  book.equity = addMoney(book.cash, unrealizedPnl);
  book.peak = Math.max(book.peak, book.equity);
  book.allTimePeak = Math.max(book.allTimePeak, book.equity);
  book.lastBarTime = bar.time;
  return {
    equity: book.equity,
    unrealizedPnl,
    returnSinceStartPct: changePct(book.equity, book.initialEquity, FRACTION_DECIMALS),
    currentDrawdownPct: 0 - changePct(book.equity, book.allTimePeak, FRACTION_DECIMALS),
  };
}

/**
 * Orders for the next open what a signal says of the book's position: an entry when flat, both legs of a flip when
 * opposite, an exit on `close`; nothing when it agrees or is `flat`. A refused entry is ordered as well, so that an
 * opposite signal still closes and the next open names the first reason.
 */
export function place(book: Book, signal: Signal, slot: Slot): void {
  const held = book.position?.side ?? null;
  book.pending = null;
  if (signal.signal === 'flat' || signal.signal === held) return;
  const entering = signal.signal !== 'close' && !CONTRADICTIONS.has(signal.notTraded);
  if (!entering && !held) return;
  book.pending = {
    signalBarTime: signal.barTime,
    session: slot.session,
    signalInLastSlot: slot.last,
    exit: held === null ? null : signal.signal === 'close' ? 'signal' : 'flip',
    entry:
      signal.signal === 'close' || !entering
        ? null
        : {
            side: signal.signal,
            size: signal.size!,
            quantity: signal.quantity!,
            stopLoss: signal.stopLoss!,
            takeProfit: signal.takeProfit!,
            notTraded: signal.notTraded,
          },
  };
}

/** The position as its strategy sees it, after the mark. */
export function positionView(book: Book): Position {
  const { position, equity } = book;
  if (!position) return FLAT;
  const { side, size, entryPrice, barsHeld, unrealizedPnl } = position;
  return { side, size, entryPrice, barsHeld, unrealizedPct: equity === 0 ? NaN : (unrealizedPnl / equity) * 100 };
}

/** Lifts the drawdown halt; the peak that it is measured from restarts at the last mark. `allTimePeak` stays. */
export function resetDrawdown(book: Book): void {
  book.drawdownHalted = false;
  book.peak = book.equity;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
