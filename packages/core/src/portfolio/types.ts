import type { NotTraded } from '../signals/signal.js';

export type Side = 'long' | 'short';
export type CloseReason = 'signal' | 'flip' | 'stop_loss' | 'take_profit' | 'session_end';

export interface OpenPosition {
  readonly side: Side;
  /** Fraction of equity at which it was sized. */
  readonly size: number;
  /** Base units, 6 decimals. */
  readonly quantity: number;
  readonly entryPrice: number;
  readonly entryTime: number;
  readonly stopLoss: number;
  readonly takeProfit: number;
  readonly entryFee: number;
  /** The bar whose signal asked for it. */
  readonly signalBarTime: number;
  /** Stored bars held, the entry bar included. */
  barsHeld: number;
  /** Account currency, at the last mark. */
  unrealizedPnl: number;
}

/** What the last signal ordered for the next open. */
export interface PendingOrder {
  readonly signalBarTime: number;
  /** Session of the signal's bar. */
  readonly session: string;
  readonly signalInLastSlot: boolean;
  /** Leave the open position (a `close`, or the first leg of a flip). */
  readonly exit: 'signal' | 'flip' | null;
  readonly entry: {
    readonly side: Side;
    readonly size: number;
    readonly quantity: number;
    readonly stopLoss: number;
    readonly takeProfit: number;
    readonly notTraded: NotTraded | null;
  } | null;
}

/** The account of one strategy in one symbol: plain JSON data, persisted whole, restored to the bit. Money in USD, 2 decimals. */
export interface Book {
  readonly initialEquity: number;
  /** initial + Σ realized − Σ fees */
  cash: number;
  /** cash + unrealized, at the last mark. */
  equity: number;
  /** Highest marked equity since the start or the last reset. */
  peak: number;
  /** Highest marked equity ever: what drawdowns are measured from. */
  allTimePeak: number;
  position: OpenPosition | null;
  pending: PendingOrder | null;
  lastBarTime: number | null;
  session: string | null;
  /** The last mark before the session. */
  sessionStartEquity: number;
  entriesThisSession: number;
  lossesInARow: number;
  pauseUntil: number | null;
  /** Latched until an admin resets it. */
  drawdownHalted: boolean;
  /** To the end of the session. */
  sessionHalted: boolean;
}

export interface Fill {
  readonly action: 'open' | 'close';
  readonly side: Side;
  readonly quantity: number;
  readonly price: number;
  /** Open of the filling bar; completion of the bar for a fill inside it or at its close. */
  readonly time: number;
  readonly fee: number;
  /** On `open`. */
  readonly position: OpenPosition | null;
  /** On `close`; before fees. */
  readonly realizedPnl: number | null;
  readonly reason: CloseReason | null;
  /** Entry time of the position: identifies it within (run, strategy, symbol). */
  readonly entryTime: number;
}

export type AlertCode = 'RISK_DRAWDOWN' | 'RISK_SESSION_LOSS' | 'RISK_MAX_TRADES' | 'RISK_PAUSE';
export interface Alert {
  readonly code: AlertCode;
  readonly severity: 'warning' | 'critical';
  readonly message: string;
}

/** The account after one bar. */
export interface Mark {
  readonly equity: number;
  readonly unrealizedPnl: number;
  /** Percent, 4 decimals. */
  readonly returnSinceStartPct: number;
  /** Positive percent of the all-time peak, 4 decimals. */
  readonly currentDrawdownPct: number;
}

export interface Settlement {
  readonly fills: readonly Fill[];
  /** The pending entry that was refused at this bar's open. */
  readonly refused: { readonly signalBarTime: number; readonly reason: NotTraded } | null;
  readonly mark: Mark;
  readonly alerts: readonly Alert[];
}

/** Limits of section "risk"; a fraction is of equity. */
export interface RiskLimits {
  readonly maxDrawdown: number;
  readonly maxSessionLoss: number;
  readonly maxEntriesPerSession: number;
  readonly lossesBeforePause: number;
  readonly pauseMs: number;
}

export interface BookRules {
  readonly limits: RiskLimits;
  /** Exit at the close of the session's last slot. */
  readonly exitAtSessionEnd: boolean;
}

export const DEFAULT_RULES: BookRules = /* @__PURE__ */ Object.freeze({
  limits: /* @__PURE__ */ Object.freeze({
    maxDrawdown: 0.15,
    maxSessionLoss: 0.05,
    maxEntriesPerSession: 20,
    lossesBeforePause: 3,
    pauseMs: 30 * 60_000,
  }),
  exitAtSessionEnd: true,
});
