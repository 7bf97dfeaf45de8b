/** What every event carries. `seq` counts up by publication and is the same number on WebSocket, stream and `/api/events`. */
interface Sequenced {
  readonly seq: number;
}

/** A strategy has stored a signal. `timestamp` is the completion of its bar. */
export interface SignalUpdate extends Sequenced {
  readonly type: 'signal_update';
  readonly strategy_code: string;
  readonly signal: 'long' | 'short' | 'flat' | 'close';
  readonly confidence: number | null;
  readonly price: number | null;
  readonly timestamp: string;
  readonly symbol: string;
  /** Open time of the bar. */
  readonly bar_time: string;
  readonly signal_id: number;
  readonly side: 'buy' | 'sell' | 'hold' | null;
  readonly size: number | null;
  readonly stop_loss: number | null;
  readonly take_profit: number | null;
  readonly risk_usd: number | null;
  readonly reasoning: string | null;
  readonly mode: string;
  readonly origin: 'plugin' | 'external';
  readonly not_traded: string | null;
  readonly simulated: boolean;
}

/** A position was opened or closed; comes after the signal that caused it. */
export interface PositionChange extends Sequenced {
  readonly type: 'position_change';
  readonly strategy_code: string;
  readonly action: 'open' | 'close';
  readonly side: 'long' | 'short';
  /** Base units. */
  readonly quantity: number;
  readonly price: number;
  /** Time of the fill. */
  readonly timestamp: string;
  readonly symbol: string;
  readonly position_id: number;
  readonly entry_time: string;
  /** US dollars before fees; null on `open`. */
  readonly realized_pnl: number | null;
  readonly fees: number;
  readonly close_reason: string | null;
  readonly simulated: boolean;
}

/** A bar was stored; `timestamp` is its open time, `price` its close. */
export interface PriceUpdate extends Sequenced {
  readonly type: 'price_update';
  readonly symbol: string;
  readonly price: number;
  readonly timestamp: string;
  readonly volume: number;
  /** Against the close of the bar before; null on the first. */
  readonly change: number | null;
  readonly change_percent: number | null;
  readonly source: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly bar_time: string;
  readonly simulated: boolean;
}

/** A limit was breached or a service is in trouble. */
export interface AlertEvent extends Sequenced {
  readonly type: 'alert';
  readonly severity: 'info' | 'warning' | 'critical';
  readonly code: string;
  readonly message: string;
  readonly strategy: string | null;
  readonly timestamp: string;
}

/** Events were lost: what the client has seen lies before the oldest event kept. Read the state again over REST. */
export interface Gap {
  readonly type: 'gap';
  readonly oldest: number;
}

/** On `/ws` only, where the market is not open: at the beginning and whenever it closes. Not stored, so without `seq`. */
export interface MarketClosed {
  readonly type: 'market_closed';
  readonly timestamp: string;
  readonly market_status: 'pre_market' | 'closed';
  /** Null where the calendar ends. */
  readonly next_open: string | null;
}

export type StreamEvent = SignalUpdate | PositionChange | PriceUpdate | AlertEvent;

/** Of a type that this version of the client does not know. */
export interface OtherEvent extends Sequenced {
  readonly type: string;
  readonly [field: string]: unknown;
}
