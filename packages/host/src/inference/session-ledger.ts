import { addMoney, maxDrawdownPct, ratios, round, tradeStatistics, type Fill, type Part, type Slot, type Trade } from '@signalbox/core';
import type { DailyPerformance } from '../stores/postgres/decisions.js';

/** What is needed of the past to go on: the initial equity and the last mark of each session since. */
export interface LedgerStart {
  /** closes[0] is the initial equity. */
  readonly closes: readonly number[];
  /** Deepest drawdown so far, percent. */
  readonly maxDrawdownPct: number;
  readonly peak: number;
  /** The session that is under way, and its closed trades so far. */
  readonly session: string | null;
  readonly trades: readonly Trade[];
  /** Of the open position; 0 when flat. */
  readonly entryFee: number;
}

/**
 * Follows one strategy through its sessions and gives the day's row of `fact_strategy_performance` at its last slot. A session
 * whose last bar is absent gets no row; the next one's return spans it.
 */
export class SessionLedger {
  private readonly closes: number[];
  private peak: number;
  private deepest: number;
  private trades: Trade[];
  private session: string | null;
  private entryFee: number;

  constructor(
    start: LedgerStart,
    private readonly periodsPerYear: number,
  ) {
    this.closes = [...start.closes];
    this.peak = start.peak;
    this.deepest = start.maxDrawdownPct;
    this.session = start.session;
    this.trades = [...start.trades];
    this.entryFee = start.entryFee;
  }

  /** Takes the strategy's part of the next bar; the day's row when the bar is the session's last. */
  push(part: Part, slot: Slot): DailyPerformance | undefined {
    if (slot.session !== this.session) {
      this.session = slot.session;
      this.trades = [];
    }
    for (const fill of part.fills) this.take(fill);
    const { equity } = part.mark;
    this.deepest = Math.max(this.deepest, maxDrawdownPct(this.peak, [equity]));
    this.peak = Math.max(this.peak, equity);
    return slot.last ? this.close(slot.session, equity) : undefined;
  }

  private take(fill: Fill): void {
    if (fill.action === 'open') this.entryFee = fill.fee;
    else {
      const fees = addMoney(this.entryFee, fill.fee);
      this.trades.push({ realizedPnl: fill.realizedPnl ?? 0, fees, entryTime: fill.entryTime, exitTime: fill.time });
    }
  }

  private close(date: string, equity: number): DailyPerformance {
    const before = this.closes.at(-1)!;
    this.closes.push(equity);
    const since = ratios(this.closes, { periodsPerYear: this.periodsPerYear, maxDrawdownPct: this.deepest });
    const day = tradeStatistics(this.trades);
    return {
      date,
      dailyReturnPct: round((equity / before - 1) * 100, 4),
      sharpeRatio: since.sharpe_ratio === null ? null : round(since.sharpe_ratio, 4),
      sortinoRatio: since.sortino_ratio === null ? null : round(since.sortino_ratio, 4),
      maxDrawdownPct: round(this.deepest, 4),
      trades: day.n_trades,
      winRate: day.win_rate === null ? null : round(day.win_rate, 4),
    };
  }
}
