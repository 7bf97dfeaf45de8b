import {
  addMoney,
  changePct,
  drawdownPct,
  ratios,
  round,
  tradeStatistics,
  type Part,
  type Slot,
  type Trade,
} from '@signalbox/core';
import type { DailyPerformance } from '../stores/postgres/decisions.js';

/** What a restart needs of the past. */
export interface PastSessions {
  /** Equity at the end of each completed session, in order. */
  readonly closes: readonly number[];
  readonly peak: number;
  readonly maxDrawdownPct: number;
  /** The session that is under way, and the last mark. */
  readonly session: string | null;
  readonly equity: number;
  /** Closed in the session that is under way. */
  readonly trades: readonly Trade[];
  /** The open position's entry. */
  readonly open: { readonly entryTime: number; readonly entryFee: number } | null;
}

/** What one strategy has done since its first bar: enough for the row of `fact_strategy_performance` at each session's end. */
export class SessionRecord {
  /** Equity before the first session, then at each session's end. */
  private readonly closes: number[];
  private peak: number;
  private deepest: number;
  private trades: Trade[];
  /** The session that is under way. */
  private session: string | null;
  private equity: number;
  private readonly fees = new Map<number, number>();

  constructor(
    initialEquity: number,
    private readonly periodsPerYear: number,
    past?: PastSessions,
  ) {
    this.closes = [initialEquity, ...(past?.closes ?? [])];
    this.peak = past?.peak ?? initialEquity;
    this.deepest = past?.maxDrawdownPct ?? 0;
    this.trades = [...(past?.trades ?? [])];
    this.session = past?.session ?? null;
    this.equity = past?.equity ?? initialEquity;
    if (past?.open) this.fees.set(past.open.entryTime, past.open.entryFee);
  }

  /**
   * Takes one bar's part and gives the rows of the sessions that it ends: its own at the last slot, and the one before when
   * that one's last bar is absent. A fill belongs to the session of its bar.
   */
  push({ fills, mark }: Part, slot: Slot): readonly DailyPerformance[] {
    const ended: DailyPerformance[] = [];
    if (this.session !== null && this.session !== slot.session) ended.push(this.end(this.session));
    this.session = slot.session;
    for (const fill of fills) {
      if (fill.action === 'open') this.fees.set(fill.entryTime, fill.fee);
      else {
        const fees = addMoney(this.fees.get(fill.entryTime) ?? 0, fill.fee);
        this.trades.push({ realizedPnl: fill.realizedPnl ?? 0, fees, entryTime: fill.entryTime, exitTime: fill.time });
        this.fees.delete(fill.entryTime);
      }
    }
    this.equity = mark.equity;
    if (mark.equity > this.peak) this.peak = mark.equity;
    else this.deepest = Math.max(this.deepest, drawdownPct(this.peak, mark.equity));
    if (slot.last) ended.push(this.end(slot.session));
    return ended;
  }

  private end(date: string): DailyPerformance {
    const before = this.closes.at(-1)!;
    this.closes.push(this.equity);
    const { sharpe_ratio, sortino_ratio } = ratios(this.closes, {
      periodsPerYear: this.periodsPerYear,
      maxDrawdownPct: this.deepest,
    });
    const { n_trades, win_rate } = tradeStatistics(this.trades);
    this.trades = [];
    this.session = null;
    return {
      date,
      dailyReturnPct: changePct(this.equity, before, 4),
      sharpeRatio: rounded(sharpe_ratio),
      sortinoRatio: rounded(sortino_ratio),
      maxDrawdownPct: this.deepest,
      trades: n_trades,
      winRate: rounded(win_rate),
    };
  }
}

function rounded(value: number | null): number | null {
  return value === null ? null : round(value, 4);
}
