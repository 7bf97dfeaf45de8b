/** One closed position. Money in USD, times in epoch milliseconds. */
export interface Trade {
  /** Before fees. */
  readonly realizedPnl: number;
  /** Of entry and exit together. */
  readonly fees: number;
  readonly entryTime: number;
  readonly exitTime: number;
}

/**
 * What a set of closed trades earned. Sums have 2 decimals, means and ratios are unrounded; null where there is nothing
 * to average. gross_profit − gross_loss − total_fees = net_profit.
 */
export interface TradeStatistics {
  /** Sum of the positive P&L before fees. */
  readonly gross_profit: number;
  /** Sum of the negative P&L before fees, as a positive number. */
  readonly gross_loss: number;
  readonly net_profit: number;
  readonly total_fees: number;
  readonly n_trades: number;
  /** Trades with a P&L after fees above 0. */
  readonly n_wins: number;
  /** Trades with a P&L after fees below 0; what is exactly 0 is neither. */
  readonly n_losses: number;
  /** n_wins / (n_wins + n_losses), 0–1. */
  readonly win_rate: number | null;
  /** Mean P&L after fees of the wins. */
  readonly avg_win: number | null;
  /** Mean loss after fees of the losses, as a positive number. */
  readonly avg_loss: number | null;
  /** Mean P&L after fees of all trades. */
  readonly avg_trade: number | null;
  /** Net of the wins / net of the losses: 0 with losses only, null without losses. */
  readonly profit_factor: number | null;
  /** Mean clock time from entry to exit. */
  readonly avg_hold_time_minutes: number | null;
}

/** Statistics of the trades whose exits lie in one window. */
export function tradeStatistics(trades: readonly Trade[]): TradeStatistics {
  // whole cents: sums of integers are exact
  let profits = 0;
  let losses = 0;
  let fees = 0;
  let won = 0;
  let lost = 0;
  let wins = 0;
  let defeats = 0;
  let held = 0;
  for (const trade of trades) {
    const before = cents(trade.realizedPnl);
    const fee = cents(trade.fees);
    const after = before - fee;
    if (before > 0) profits += before;
    else losses -= before;
    fees += fee;
    held += trade.exitTime - trade.entryTime;
    if (after > 0) {
      wins++;
      won += after;
    } else if (after < 0) {
      defeats++;
      lost -= after;
    }
  }
  const n = trades.length;
  return {
    gross_profit: profits / 100,
    gross_loss: losses / 100,
    net_profit: (profits - losses - fees) / 100,
    total_fees: fees / 100,
    n_trades: n,
    n_wins: wins,
    n_losses: defeats,
    win_rate: mean(wins, wins + defeats),
    avg_win: mean(won / 100, wins),
    avg_loss: mean(lost / 100, defeats),
    avg_trade: mean((won - lost) / 100, n),
    profit_factor: mean(won, lost),
    avg_hold_time_minutes: mean(held / 60_000, n),
  };
}

function cents(money: number): number {
  return Math.round(money * 100);
}

function mean(sum: number, count: number): number | null {
  return count === 0 ? null : sum / count;
}
