import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Type } from '@sinclair/typebox';
import { WebSocketServer } from 'ws';
import { SignalboxError } from '@signalbox/core';
import type { Caller } from '../security/caller.js';
import { Access as Admittance } from '../security/access.js';
import { Throttled } from '../security/throttle.js';
import type { ServiceDependencies } from '../services/dependencies.js';
import { checkHost, checkLocalOrigin, type Access } from '../services/origin.js';
import { chosen } from '../services/respond.js';
import { CodeList, Query } from '../services/schemas.js';
import { errorBody } from '../services/status.js';
import { parameters } from '../services/validation.js';
import type { SocketClosed } from '../observe/access-log.js';
import { PRICES, SIGNALS, type Channel } from './channel.js';
import { Frames } from './frames.js';
import { Listener, type Limits } from './listener.js';

export interface LiveOptions extends Access, Partial<Limits> {
  /** Who is let in; everybody without it. */
  readonly admittance?: Admittance;
  /** Connections of one caller at one time, where callers say who they are; 20 by default. */
  readonly maxPerCaller?: number;
  /** Connections at one time; 1,000 by default. */
  readonly maxClients?: number;
  /** Bytes that may wait for all clients together; 64 MB by default. */
  readonly totalQueueBytes?: number;
  readonly onError?: (error: unknown) => void;
  /** Told of the end of each connection. */
  readonly onClosed?: (closed: SocketClosed) => void;
}

/** The WebSockets: every published event to every client that wants it. */
export interface Live {
  /** Answers upgrades of a server, on these channels. Returns how to stop. */
  attach(server: Server, channels?: readonly Channel[]): () => void;
  /**
   * After the world was changed for a new one: follows what `dependencies.events` is now; every client gets `gap` and goes
   * on with the new world's first event.
   */
  reset(): Promise<void>;
  readonly clients: number;
  /** By path. */
  readonly clientsOf: Readonly<Record<string, number>>;
  close(): void;
}

const LIMITS: Limits = {
  queueBytes: 256 * 1024,
  heartbeat: 30_000,
  grace: 2_000,
  recheck: 2_500,
  messagesPerSecond: 20,
};
const since = Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }));
const checkSince = parameters(Query({ since }));
const checkSinceAndStrategies = parameters(Query({ since, strategies: Type.Optional(CodeList) }));

export function createLive(dependencies: ServiceDependencies, options: LiveOptions = {}): Live {
  const limits = { ...LIMITS, ...defined(options) };
  const { maxClients = 1000, maxPerCaller = 20, totalQueueBytes = 64 * 1024 * 1024 } = options;
  const admittance = options.admittance ?? new Admittance({ required: false });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: 4096,
    maxFragments: 16,
    perMessageDeflate: false,
    clientTracking: false,
  } as ConstructorParameters<typeof WebSocketServer>[0]);
  const listeners = new Set<Listener>();
  const callers = new Map<Listener, Caller>();
  const frames = new Frames();
  const follow = (): (() => void) =>
    dependencies.events.subscribe((event) => {
      const frame = frames.of(event);
      let waiting = 0;
      for (const listener of listeners) {
        listener.publish(frame);
        waiting += listener.waiting;
      }
      if (waiting > totalQueueBytes) relieve(waiting);
    });
  /** The slowest go first, until what waits for the others fits. */
  const relieve = (waiting: number): void => {
    for (const listener of [...listeners].sort((a, b) => b.waiting - a.waiting)) {
      if (waiting <= totalQueueBytes) return;
      waiting -= listener.waiting;
      listener.end(1013, `too slow: more than ${totalQueueBytes} bytes wait for all clients`);
    }
  };
  let unsubscribe = follow();
  // one timer for all: a thousand clients are no thousand timers
  const beat = setInterval(
    () => {
      for (const listener of listeners) listener.beat();
    },
    Math.max(10, Math.min(1000, limits.heartbeat / 4)),
  );
  beat.unref();
  /** Who was revoked or has logged out hears no more. */
  const recheck = setInterval(() => {
    for (const [listener, caller] of callers)
      void admittance.stands(caller).then((stands) => {
        if (!stands) listener.end(1008, 'this key or login is not valid any more');
      });
  }, limits.recheck);
  recheck.unref();
  let closed = false;

  function checkRoom(caller?: Caller): void {
    if (closed || listeners.size >= maxClients) throw tooMany();
    if (!caller || admittance.open) return;
    let his = 0;
    for (const { id } of callers.values()) if (id === caller.id) his++;
    if (his >= maxPerCaller) throw tooMany();
  }

  async function upgrade(
    channels: readonly Channel[],
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    socket.on('error', () => socket.destroy());
    try {
      const { url, channel } = check(request, options, channels);
      checkRoom();
      const ticket = url.searchParams.get('ticket');
      url.searchParams.delete('ticket');
      const caller = await admittance.upgrade(request, ticket);
      const { since, strategies } = query(url, channel);
      const last = await dependencies.events.lastSeq();
      if (since !== undefined && since > last) {
        throw new SignalboxError('SINCE_INVALID', `since: ${since} is above the newest seq, ${last}`, 'Leave it out.');
      }
      if (strategies !== undefined) chosen(await dependencies.reads.strategies(), strategies);
      if (socket.destroyed) return;
      // others came in while this one was looked up
      checkRoom(caller);
      sockets.handleUpgrade(request, socket, head, (client) => {
        const wanted = strategies === undefined ? null : new Set(strategies.split(','));
        const began = performance.now();
        const gone = (code: number, reason: string): void => {
          listeners.delete(listener);
          callers.delete(listener);
          options.onClosed?.({ path: channel.path, code, reason, seconds: (performance.now() - began) / 1000 });
        };
        const listener = new Listener(client, dependencies, frames, limits, channel, wanted, since ?? last, gone);
        listeners.add(listener);
        if (!admittance.open) callers.set(listener, caller);
        listener.begin(since !== undefined).catch((error: unknown) => {
          options.onError?.(error);
          listener.end(1011, 'an error inside the host');
        });
      });
    } catch (error) {
      refuse(socket, error, options.onError);
    }
  }

  return {
    attach(server, channels = [SIGNALS, PRICES]) {
      const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void =>
        void upgrade(channels, request, socket, head);
      server.on('upgrade', onUpgrade);
      return () => server.off('upgrade', onUpgrade);
    },
    async reset() {
      unsubscribe();
      frames.clear();
      unsubscribe = follow();
      const oldest = await dependencies.events.oldestSeq();
      const next = oldest ?? (await dependencies.events.lastSeq()) + 1;
      for (const listener of listeners) listener.restart(next);
    },
    get clients() {
      return listeners.size;
    },
    get clientsOf() {
      const counts: Record<string, number> = { [SIGNALS.path]: 0, [PRICES.path]: 0 };
      for (const { channel } of listeners) counts[channel.path] = (counts[channel.path] ?? 0) + 1;
      return counts;
    },
    close() {
      closed = true;
      unsubscribe();
      clearInterval(beat);
      clearInterval(recheck);
      for (const listener of listeners) listener.end(1001, 'the host stops');
    },
  };
}

/** Path, name and origin, before anything is read. */
function check(request: IncomingMessage, access: Access, channels: readonly Channel[]): { url: URL; channel: Channel } {
  checkHost(request.headers.host, access);
  checkLocalOrigin(request.headers.origin, access);
  const url = URL.canParse(request.url ?? '', 'http://localhost') && new URL(request.url ?? '', 'http://localhost');
  const channel = url && channels.find(({ path }) => path === url.pathname);
  if (!channel) {
    const known = channels.map(({ path }) => path).join(' or ');
    throw new SignalboxError('ROUTE_UNKNOWN', 'there is no such WebSocket here', `Connect to ${known}.`);
  }
  return { url, channel };
}

function query(url: URL, { byStrategy }: Channel): { since?: number; strategies?: string } {
  const given: Record<string, string | string[]> = {};
  for (const name of new Set(url.searchParams.keys())) {
    const values = url.searchParams.getAll(name);
    given[name] = values.length === 1 ? values[0]! : values;
  }
  try {
    return (byStrategy ? checkSinceAndStrategies : checkSince)(given) as { since?: number; strategies?: string };
  } catch (error) {
    // at a handshake whatever is wrong with a parameter is a 400
    if (!(error instanceof SignalboxError)) throw error;
    throw new SignalboxError('REQUEST_MALFORMED', error.message, error.remedy);
  }
}

function refuse(socket: Duplex, error: unknown, onError?: (error: unknown) => void): void {
  const body = errorBody(error);
  if (body.status_code === 500) onError?.(error);
  const text = JSON.stringify(body);
  const seconds = error instanceof Throttled ? error.retryAfter : body.code === 'BUSY' ? 5 : undefined;
  const wait = seconds === undefined ? '' : `Retry-After: ${seconds}\r\n`;
  // a client that keeps its side open, or has bytes unread here, would hold the socket for ever
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${body.status_code} Refused\r\nConnection: close\r\n${wait}Content-Type: application/json; charset=utf-8\r\n` +
      `X-Content-Type-Options: nosniff\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

/** Options that were given; `undefined` is none. */
const defined = (options: LiveOptions): Partial<Limits> =>
  Object.fromEntries(Object.entries(options).filter(([name, value]) => name in LIMITS && value !== undefined));

const tooMany = (): SignalboxError =>
  new SignalboxError('BUSY', 'too many connections are open', 'Connect again later.');
