export { createClient, ApiError, type Client, type ClientOptions } from './rest.js';
export { connect, type Connection, type ConnectOptions, type ConnectionState, type SocketLike } from './stream.js';
export type {
  StreamEvent,
  SignalUpdate,
  PositionChange,
  PriceUpdate,
  AlertEvent,
  Gap,
  MarketClosed,
  OtherEvent,
} from './events.js';
export type * from './types.js';
