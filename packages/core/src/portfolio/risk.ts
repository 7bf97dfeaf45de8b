import { differenceReaches } from '../market/decimal.js';
import type { Slot } from '../market/slot.js';
import type { NotTraded } from '../signals/signal.js';
import type { Alert, Book, PendingOrder, RiskLimits } from './types.js';

/** The entry of a pending order, at the open where it would fill. */
type Entry = NonNullable<PendingOrder['entry']>;

/** The first reason why an entry is not filled at `open`, or null. Order and limits: the specification's section on risk. */
export function refusal(
  book: Book,
  order: PendingOrder,
  entry: Entry,
  open: number,
  time: number,
  slot: Slot,
  limits: RiskLimits,
): NotTraded | null {
  if (order.signalInLastSlot || slot.last) return 'last_bar';
  if (slot.session !== order.session) return 'next_session';
  const up = entry.side === 'long';
  if (up ? open <= entry.stopLoss : open >= entry.stopLoss) return 'beyond_stop';
  if (up ? open >= entry.takeProfit : open <= entry.takeProfit) return 'beyond_target';
  const own = entry.notTraded;
  // these two come after the account's own limits
  const late = own === 'suspect_price' || own === 'too_old';
  if (own !== null && !late) return own;
  if (!(entry.quantity > 0)) return 'no_size';
  if (book.drawdownHalted) return 'drawdown';
  if (book.sessionHalted) return 'session_loss';
  if (book.entriesThisSession >= limits.maxEntriesPerSession) return 'max_trades';
  if (book.pauseUntil !== null && time < book.pauseUntil) return 'pause';
  return own;
}

/** Counts an entry fill. The alert comes with the fill that uses the session's last one up. */
export function countEntry(book: Book, limits: RiskLimits, alerts: Alert[]): void {
  book.entriesThisSession++;
  if (book.entriesThisSession !== limits.maxEntriesPerSession) return;
  alerts.push({
    code: 'RISK_MAX_TRADES',
    severity: 'warning',
    message: `${book.entriesThisSession} entries in session ${book.session}: no further entries until the next session`,
  });
}

/** Counts a closed trade by its P&L after fees; three losses in a row start a pause and the count anew. */
export function countTrade(book: Book, net: number, time: number, limits: RiskLimits, alerts: Alert[]): void {
  if (net > 0) book.lossesInARow = 0;
  if (net >= 0) return;
  book.lossesInARow++;
  if (book.lossesInARow < limits.lossesBeforePause) return;
  book.lossesInARow = 0;
  book.pauseUntil = time + limits.pauseMs;
  alerts.push({
    code: 'RISK_PAUSE',
    severity: 'warning',
    message: `${limits.lossesBeforePause} losing trades in a row: no entries before ${new Date(book.pauseUntil).toISOString()}`,
  });
}

/** Looks for breaches at a mark; what is found here refuses the next open. */
export function checkLimits(book: Book, limits: RiskLimits, alerts: Alert[]): void {
  const { equity, peak, sessionStartEquity } = book;
  if (!book.drawdownHalted && differenceReaches(peak, equity, limits.maxDrawdown, peak)) {
    book.drawdownHalted = true;
    alerts.push({
      code: 'RISK_DRAWDOWN',
      severity: 'critical',
      message: `equity ${equity.toFixed(2)} is ${percent(peak - equity, peak)} below its peak of ${peak.toFixed(2)}, the limit is ${percent(limits.maxDrawdown, 1)}: no entries until an admin resets it`,
    });
  }
  if (!book.sessionHalted && differenceReaches(sessionStartEquity, equity, limits.maxSessionLoss, sessionStartEquity)) {
    book.sessionHalted = true;
    alerts.push({
      code: 'RISK_SESSION_LOSS',
      severity: 'critical',
      message: `equity ${equity.toFixed(2)} is ${percent(sessionStartEquity - equity, sessionStartEquity)} below the session's start of ${sessionStartEquity.toFixed(2)}, the limit is ${percent(limits.maxSessionLoss, 1)}: no entries until the next session`,
    });
  }
}

function percent(part: number, whole: number): string {
  return `${((part / whole) * 100).toFixed(2)} %`;
}
