import type { Gap, MarketClosed, OtherEvent, StreamEvent } from './events.js';

/** The part of a WebSocket that is used: the browser's, that of `ws`, or a test's. */
export interface SocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

/** `live`: every event published so far has arrived, or is on its way. `offline`: not connected, trying again. */
export type ConnectionState = 'connecting' | 'live' | 'offline' | 'closed';

export interface ConnectOptions {
  /**
   * `ws://localhost:8006/ws/trading-signals` carries every event, `ws://localhost:8000/ws` of the Trading API prices only. An
   * `http` URL is taken as `ws`.
   */
  readonly url: string;
  /** Begin after this seq; without it, with what comes next. */
  readonly since?: number;
  /** Only events of these strategies, and those of none. */
  readonly strategies?: readonly string[];
  /** Each event once, in the order of `seq`. */
  readonly onEvent: (event: StreamEvent) => void;
  /** Events of a type that this version does not know. */
  readonly onOther?: (event: OtherEvent) => void;
  /** Events were lost. Read the state again over REST; the stream goes on by itself. */
  readonly onGap?: (gap: Gap) => void;
  /** The market is not open; told by `/ws` at the beginning and whenever it closes. */
  readonly onMarketClosed?: (said: MarketClosed) => void;
  readonly onState?: (state: ConnectionState, reason: string) => void;
  /** How to open a socket. Node 20 has no global WebSocket: give `(url) => new WebSocket(url)` with that of `ws`. */
  readonly open?: (url: string) => SocketLike;
  /**
   * Asked before each connection, for browsers, which cannot send a key with a WebSocket:
   * `async () => (await client.webSocketTicket()).ticket`. Programs send their key in `open`, as a header.
   */
  readonly ticket?: () => Promise<string>;
  /** Milliseconds before the first new try, doubled up to 16 times that; 500 by default. */
  readonly retry?: number;
  /** Milliseconds of silence after which the connection counts as dead; 45,000 by default, heartbeats come each 30,000. */
  readonly silence?: number;
}

export interface Connection {
  /** The last seq seen; undefined before any. */
  readonly seq: number | undefined;
  readonly state: ConnectionState;
  close(): void;
}

const KNOWN: ReadonlySet<string> = new Set(['signal_update', 'position_change', 'price_update', 'alert']);

/**
 * Follows the events of a host, and after a loss of the connection resumes after the last one seen: no event is lost or
 * given twice. Never throws after the first call; what goes wrong is told by `onState`.
 *
 * @example
 * const connection = connect({ url: 'ws://localhost:8006/ws/trading-signals', onEvent: (event) => console.log(event) });
 */
export function connect(options: ConnectOptions): Connection {
  const open = options.open ?? globalSocket();
  const retry = options.retry ?? 500;
  const silence = options.silence ?? 45_000;
  let seq = options.since;
  let state: ConnectionState = 'connecting';
  let socket: SocketLike | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempts = 0;
  let probing = false;

  const tell = (next: ConnectionState, reason: string): void => {
    if (next === state && next !== 'offline') return;
    state = next;
    options.onState?.(next, reason);
  };
  const wait = (milliseconds: number, then: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(then, milliseconds);
  };

  // asked in a function: TypeScript would hold `state` to what it was before a wait
  const isClosed = (): boolean => state === 'closed';

  function start(): void {
    if (state === 'closed') return;
    if (!options.ticket) return begin(undefined);
    options
      .ticket()
      .then(begin, (error: unknown) =>
        lost(undefined, error instanceof Error ? error.message : 'no ticket for the connection'),
      );
  }

  function begin(ticket: string | undefined): void {
    if (isClosed()) return;
    const url = new URL(options.url);
    url.protocol = url.protocol.replace('http', 'ws');
    // a host whose events begin anew refuses a seq above its newest, and a browser cannot see why: ask where it stands
    probing = seq !== undefined && attempts % 3 === 2;
    if (seq !== undefined && !probing) url.searchParams.set('since', String(seq));
    if (options.strategies?.length) url.searchParams.set('strategies', options.strategies.join(','));
    if (ticket !== undefined) url.searchParams.set('ticket', ticket);
    let mine: SocketLike;
    try {
      mine = open(url.href);
    } catch (error) {
      lost(undefined, error instanceof Error ? error.message : 'cannot connect');
      return;
    }
    socket = mine;
    // a handshake that never ends is a silence too
    wait(silence, () => lost(mine, 'no answer'));
    mine.onmessage = ({ data }) => {
      if (mine !== socket) return;
      wait(silence, () => lost(mine, 'silent'));
      receive(String(data));
    };
    mine.onclose = ({ code, reason }) => lost(mine, reason || `closed (${code})`);
    mine.onerror = () => {};
  }

  function lost(mine: SocketLike | undefined, reason: string): void {
    if (mine !== socket || state === 'closed') return;
    socket = undefined;
    mine?.close();
    tell('offline', reason);
    wait(retry * 2 ** Math.min(attempts++, 4), start);
  }

  /** The host still has what comes after our seq: connect again, with it. */
  function again(): void {
    const mine = socket;
    socket = undefined;
    mine?.close(1000);
    start();
  }

  function receive(text: string): void {
    let message: Record<string, unknown>;
    try {
      message = JSON.parse(text) as Record<string, unknown>;
    } catch {
      return;
    }
    if (message['type'] === 'connection') {
      attempts = 0;
      const stands = Number(message['seq']);
      if (probing && seq !== undefined && stands > seq) return again();
      if (probing && seq !== undefined && stands < seq) options.onGap?.({ type: 'gap', oldest: stands + 1 });
      // a connection that is lost before its first event resumes from here
      if ((probing || seq === undefined) && Number.isFinite(stands)) seq = stands;
      tell('live', 'connected');
    } else if (message['type'] === 'gap') {
      const oldest = Number(message['oldest']);
      if (Number.isFinite(oldest)) seq = oldest - 1;
      options.onGap?.({ type: 'gap', oldest });
    } else if (message['type'] === 'market_closed') {
      options.onMarketClosed?.(message as unknown as MarketClosed);
    } else if (typeof message['seq'] === 'number') {
      if (seq !== undefined && message['seq'] <= seq) return;
      seq = message['seq'];
      const event = message as unknown as OtherEvent;
      if (KNOWN.has(event.type)) options.onEvent(event as unknown as StreamEvent);
      else options.onOther?.(event);
    }
  }

  start();
  return {
    get seq() {
      return seq;
    },
    get state() {
      return state;
    },
    close() {
      if (state === 'closed') return;
      clearTimeout(timer);
      const last = socket;
      socket = undefined;
      tell('closed', 'closed by the client');
      last?.close(1000);
    },
  };
}

function globalSocket(): (url: string) => SocketLike {
  const Socket = (globalThis as { WebSocket?: new (url: string) => unknown }).WebSocket;
  if (!Socket) {
    throw new TypeError(
      'no global WebSocket here: give `open`, e.g. (url) => new WebSocket(url) with that of the package ws',
    );
  }
  return (url) => new Socket(url) as SocketLike;
}
