import type { Book, Fill, NoSignal, OpenPosition, Part, Signal } from '@signalbox/core';

export const BAR = 5 * 60_000;
/** The first bar of a session: 08:00 Bogota. */
export const START = Date.UTC(2025, 0, 2, 13);

export const book = (over: Partial<Book> = {}): Book => ({
  initialEquity: 10_000,
  cash: 10_000,
  equity: 10_000,
  peak: 10_000,
  allTimePeak: 10_000,
  position: null,
  pending: null,
  lastBarTime: null,
  session: '2025-01-02',
  sessionStartEquity: 10_000,
  entriesThisSession: 0,
  lossesInARow: 0,
  pauseUntil: null,
  drawdownHalted: false,
  sessionHalted: false,
  ...over,
});

export const signal = (barTime: number, over: Partial<Signal> = {}): Signal => ({
  kind: 'signal',
  strategy: 'ML_XGB',
  barTime,
  timestamp: barTime + BAR,
  signal: 'long',
  side: 'buy',
  confidence: 0.72,
  score: 0.31,
  size: 0.11,
  quantity: 1100.5,
  entryPrice: 4250.123456,
  stopLoss: 4200.5,
  takeProfit: 4350.25,
  riskUsd: 12.34,
  roundTripCostBps: 20,
  breakevenHitRate: 0.4012,
  reasoning: 'p(long) .72\twith a tab, a \\ and\na line',
  notTraded: null,
  ...over,
});

export const silence = (barTime: number): NoSignal => ({
  kind: 'none',
  strategy: 'ML_XGB',
  barTime,
  timestamp: barTime + BAR,
  code: 'warming_up',
  detail: 'warming up: adx_14',
});

export const position = (entryTime: number): OpenPosition => ({
  side: 'long',
  size: 0.11,
  quantity: 1100.5,
  entryPrice: 4251,
  entryTime,
  stopLoss: 4200.5,
  takeProfit: 4350.25,
  entryFee: 1.1,
  signalBarTime: entryTime - BAR,
  barsHeld: 1,
  unrealizedPnl: -2.5,
});

export const opened = (entryTime: number): Fill => ({
  action: 'open',
  side: 'long',
  quantity: 1100.5,
  price: 4251,
  time: entryTime,
  fee: 1.1,
  position: position(entryTime),
  realizedPnl: null,
  reason: null,
  entryTime,
});

export const closed = (entryTime: number, time: number): Fill => ({
  action: 'close',
  side: 'long',
  quantity: 1100.5,
  price: 4261.5,
  time,
  fee: 1.12,
  position: null,
  realizedPnl: 2.71,
  reason: 'signal',
  entryTime,
});

export const part = (barTime: number, over: Partial<Part> = {}): Part => ({
  strategy: 'ML_XGB',
  barTime,
  opinion: { signal: 'long', confidence: 0.72, reasoning: 'x' },
  vector: null,
  outcome: signal(barTime),
  position: null,
  book: book({ lastBarTime: barTime }),
  fills: [],
  refused: null,
  mark: { equity: 10_000.5, unrealizedPnl: 0, returnSinceStartPct: 0.005, currentDrawdownPct: 0 },
  alerts: [],
  ...over,
});
