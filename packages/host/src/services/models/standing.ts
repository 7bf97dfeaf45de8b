import { DEFAULT_RULES, type Book, type Calendar } from '@signalbox/core';
import { figure } from '../figures.js';
import { isoOrNull } from '../respond.js';

export const RISK_REASONS = ['drawdown', 'session_loss', 'max_trades', 'pause'] as const;
export type RiskReason = (typeof RISK_REASONS)[number];
const { limits } = DEFAULT_RULES;

/** The limits as they are shown: percents, counts and minutes. */
export const RISK_LIMITS = Object.freeze({
  max_drawdown_pct: limits.maxDrawdown * 100,
  max_session_loss_pct: limits.maxSessionLoss * 100,
  max_entries_per_session: limits.maxEntriesPerSession,
  losses_before_pause: limits.lossesBeforePause,
  pause_minutes: limits.pauseMs / 60_000,
});

/** Where a book stands against its limits. */
export interface Standing {
  readonly halted: boolean;
  readonly reasons: RiskReason[];
  readonly drawdown_pct: number;
  readonly session_loss_pct: number;
  readonly entries_this_session: number;
  readonly losses_in_a_row: number;
  readonly pause_until: string | null;
}

/** What a book's latches mean at a market time: those of a session are over with it. */
export function standing(book: Book | undefined, now: number, calendar: Calendar): Standing {
  if (!book)
    return {
      halted: false,
      reasons: [],
      drawdown_pct: 0,
      session_loss_pct: 0,
      entries_this_session: 0,
      losses_in_a_row: 0,
      pause_until: null,
    };
  const during = book.session !== null && now < (calendar.sessionClose(book.session) ?? -Infinity);
  const entries = during ? book.entriesThisSession : 0;
  const pause = book.pauseUntil !== null && now < book.pauseUntil ? book.pauseUntil : null;
  const reasons: RiskReason[] = [];
  if (book.drawdownHalted) reasons.push('drawdown');
  if (during && book.sessionHalted) reasons.push('session_loss');
  if (entries >= limits.maxEntriesPerSession) reasons.push('max_trades');
  if (pause !== null) reasons.push('pause');
  const below = (from: number): number => figure((Math.max(0, from - book.equity) / from) * 100)!;
  return {
    halted: reasons.length > 0,
    reasons,
    drawdown_pct: below(book.peak),
    session_loss_pct: during ? below(book.sessionStartEquity) : 0,
    entries_this_session: entries,
    losses_in_a_row: book.lossesInARow,
    pause_until: isoOrNull(pause),
  };
}
