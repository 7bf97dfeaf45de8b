import { describe, expect, it } from 'vitest';
import { tradeStatistics, type Trade } from './trades.js';

const trade = (realizedPnl: number, fees: number, minutes = 10): Trade => ({
  realizedPnl,
  fees,
  entryTime: 1_000_000,
  exitTime: 1_000_000 + minutes * 60_000,
});

describe('trade statistics', () => {
  it('wins and losses by P&L after fees, gross sums before fees', () => {
    // after fees: 26, −13, −1, 0
    const found = tradeStatistics([trade(30, 4, 5), trade(-10, 3, 20), trade(2, 3, 60), trade(4, 4, 15)]);
    expect(found).toEqual({
      gross_profit: 36,
      gross_loss: 10,
      net_profit: 12,
      total_fees: 14,
      n_trades: 4,
      n_wins: 1,
      n_losses: 2,
      win_rate: 1 / 3,
      avg_win: 26,
      avg_loss: 7,
      avg_trade: 3,
      profit_factor: 26 / 14,
      avg_hold_time_minutes: 25,
    });
  });

  it('net_profit = gross_profit − gross_loss − total_fees, to the cent over many trades', () => {
    const trades = Array.from({ length: 5000 }, (_, i) =>
      trade(Math.round(Math.sin(i * i) * 12_345) / 100, (i % 7) / 100),
    );
    const found = tradeStatistics(trades);
    const cents = (x: number) => Math.round(x * 100);
    expect(cents(found.net_profit)).toBe(cents(found.gross_profit) - cents(found.gross_loss) - cents(found.total_fees));
    expect(cents(found.net_profit)).toBe(trades.reduce((sum, t) => sum + cents(t.realizedPnl) - cents(t.fees), 0));
    expect(found.n_wins + found.n_losses).toBeLessThanOrEqual(5000);
  });

  it('sums leave no float dust: .1 + .2 is .3', () => {
    expect(tradeStatistics([trade(0.1, 0), trade(0.2, 0)]).gross_profit).toBe(0.3);
  });

  it('profit factor is 0 with losses only, null without losses', () => {
    expect(tradeStatistics([trade(-5, 1)])).toMatchObject({
      profit_factor: 0,
      win_rate: 0,
      avg_win: null,
      avg_loss: 6,
    });
    expect(tradeStatistics([trade(5, 1)])).toMatchObject({
      profit_factor: null,
      win_rate: 1,
      avg_win: 4,
      avg_loss: null,
    });
  });

  it('break-evens alone: a trade, neither win nor loss', () => {
    expect(tradeStatistics([trade(1, 1)])).toMatchObject({
      n_trades: 1,
      n_wins: 0,
      n_losses: 0,
      win_rate: null,
      avg_trade: 0,
    });
  });

  it('nothing: sums are 0, the rest is null', () => {
    expect(tradeStatistics([])).toEqual({
      gross_profit: 0,
      gross_loss: 0,
      net_profit: 0,
      total_fees: 0,
      n_trades: 0,
      n_wins: 0,
      n_losses: 0,
      win_rate: null,
      avg_win: null,
      avg_loss: null,
      avg_trade: null,
      profit_factor: null,
      avg_hold_time_minutes: null,
    });
  });
});
