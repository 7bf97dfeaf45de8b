import type { Bar } from '../market/bar.js';
import type { Instrument } from '../market/instrument.js';
import { addMoney, feeUsd, profit } from '../market/money.js';
import type { Slot } from '../market/slot.js';
import { countEntry, countTrade } from './risk.js';
import type { Alert, Book, BookRules, CloseReason, Fill, OpenPosition, PendingOrder } from './types.js';

/** What one bar settles with. */
export interface SettleContext {
  readonly instrument: Instrument;
  readonly rules: BookRules;
  readonly slot: Slot;
  /** Cost of one fill in basis points, known before the bar. */
  readonly fillCostBps: number;
  readonly slotMs: number;
}

/** What a bar's settlement gathers. */
export interface Ledger {
  readonly fills: Fill[];
  readonly alerts: Alert[];
}

export function openPosition(
  book: Book,
  entry: NonNullable<PendingOrder['entry']>,
  signalBarTime: number,
  bar: Bar,
  context: SettleContext,
  ledger: Ledger,
): void {
  const fee = feeUsd(context.instrument, entry.quantity, bar.open, context.fillCostBps);
  const position: OpenPosition = {
    side: entry.side,
    size: entry.size,
    quantity: entry.quantity,
    entryPrice: bar.open,
    entryTime: bar.time,
    stopLoss: entry.stopLoss,
    takeProfit: entry.takeProfit,
    entryFee: fee,
    signalBarTime,
    barsHeld: 0,
    unrealizedPnl: 0,
  };
  book.cash = addMoney(book.cash, -fee);
  book.position = position;
  ledger.fills.push({
    action: 'open',
    side: position.side,
    quantity: position.quantity,
    price: bar.open,
    time: bar.time,
    fee,
    // a copy: the book's own goes on changing
    position: { ...position },
    realizedPnl: null,
    reason: null,
    entryTime: bar.time,
  });
  countEntry(book, context.rules.limits, ledger.alerts);
}

/** Closes the open position at `price`; `time` is the bar's open for a fill at its open, else its completion. */
export function closePosition(
  book: Book,
  price: number,
  time: number,
  reason: CloseReason,
  context: SettleContext,
  ledger: Ledger,
): void {
  const position = book.position!;
  const { side, quantity, entryPrice, entryTime, entryFee } = position;
  const fee = feeUsd(context.instrument, quantity, price, context.fillCostBps);
  const realizedPnl = profit(context.instrument, side, quantity, entryPrice, price);
  book.cash = addMoney(book.cash, addMoney(realizedPnl, -fee));
  book.position = null;
  ledger.fills.push({
    action: 'close',
    side,
    quantity,
    price,
    time,
    fee,
    position: null,
    realizedPnl,
    reason,
    entryTime,
  });
  const net = addMoney(addMoney(realizedPnl, -entryFee), -fee);
  countTrade(book, net, time, context.rules.limits, ledger.alerts);
}

/** Closes at the open when the open lies at or beyond a level, stop before target. */
export function closeAtGap(book: Book, bar: Bar, context: SettleContext, ledger: Ledger): void {
  const { side, stopLoss, takeProfit } = book.position!;
  const { open, time } = bar;
  if (side === 'long' ? open <= stopLoss : open >= stopLoss) {
    closePosition(book, open, time, 'stop_loss', context, ledger);
  } else if (side === 'long' ? open >= takeProfit : open <= takeProfit) {
    closePosition(book, open, time, 'take_profit', context, ledger);
  }
}

/** Closes at a level that the bar touches; when it touches both, at the stop, since the order inside a bar is unknown. */
export function closeAtLevel(book: Book, bar: Bar, context: SettleContext, ledger: Ledger): void {
  const { side, stopLoss, takeProfit } = book.position!;
  const complete = bar.time + context.slotMs;
  if (side === 'long' ? bar.low <= stopLoss : bar.high >= stopLoss) {
    closePosition(book, stopLoss, complete, 'stop_loss', context, ledger);
  } else if (side === 'long' ? bar.high >= takeProfit : bar.low <= takeProfit) {
    closePosition(book, takeProfit, complete, 'take_profit', context, ledger);
  }
}
