import { once } from 'node:events';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { connect, type StreamEvent } from '@signalbox/client';
import type { PublishedEvent } from '../../src/stores/events/event.js';
import { createLive } from '../../src/live/live.js';
import { NOW, openStage, seed, SLOT, type Json, type Stage } from './stage.js';

let stage: Stage;
let ids: Readonly<Record<string, number>>;
const opened: WebSocket[] = [];
beforeAll(async () => {
  stage = await openStage({ events: true, live: { heartbeat: 300 } });
  ({ ids } = await seed(stage.pool));
  await settled();
});
afterEach(() => opened.splice(0).forEach((socket) => socket.terminate()));
afterAll(() => stage.close());

type Message = Record<string, Json>;
const PATH = '/ws/trading-signals';
const urlOf = (query = '', path = PATH): string => `ws://127.0.0.1:${stage.models.port}${path}${query}`;

/** A client that keeps what it gets. */
function client(url: string, options: { headers?: Record<string, string> } = {}) {
  const socket = new WebSocket(url, options);
  opened.push(socket);
  const messages: Message[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  socket.on('error', () => {});
  const until = async (done: (all: Message[]) => boolean, ms = 5000): Promise<Message[]> => {
    const deadline = Date.now() + ms;
    while (!done(messages)) {
      if (Date.now() > deadline) throw new Error(`waited in vain; got ${JSON.stringify(messages).slice(0, 2000)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return messages;
  };
  return {
    socket,
    messages,
    until,
    events: () => messages.filter((each) => 'seq' in each && each['type'] !== 'connection'),
  };
}
/** The status with which a handshake is refused. */
function refusal(url: string, headers: Record<string, string> = {}): Promise<{ status: number; body: Message }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    opened.push(socket);
    socket.on('open', () => reject(new Error('was accepted')));
    socket.on('unexpected-response', (_, response) => {
      let text = '';
      response
        .on('data', (chunk) => (text += chunk))
        .on('end', () => resolve({ status: response.statusCode!, body: JSON.parse(text) }));
    });
    socket.on('error', () => {});
  });
}
let minute = 0;
async function signal(code: string, reasoning: string): Promise<void> {
  await stage.pool.query(
    `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, side, confidence, entry_price, reasoning)
     VALUES ($1, $2, 'long', 'buy', 0.8, 4300, $3)`,
    [ids[code], new Date(NOW + ++minute * SLOT), reasoning],
  );
}
/** Every written event is published. */
async function settled(): Promise<number> {
  for (;;) {
    const { rows } = await stage.pool.query(
      'SELECT count(*) FILTER (WHERE seq IS NULL) AS open, max(seq) AS last FROM dw.events',
    );
    if (rows[0].open === 0) return rows[0].last;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('the connection', () => {
  it('greets with where the stream stands, answers ping in JSON, and beats when silent', async () => {
    const { socket, until } = client(urlOf());
    const [hello] = await until((all) => all.length > 0);
    expect(hello).toMatchObject({ type: 'connection', timestamp: new Date(NOW).toISOString(), seq: await settled() });
    expect(hello!['message']).toEqual(expect.any(String));
    socket.send('ping');
    const [, pong] = await until((all) => all.length > 1);
    expect(pong).toEqual({ type: 'pong', timestamp: new Date(NOW).toISOString() });
    const [, , beat] = await until((all) => all.length > 2);
    expect(beat).toEqual({ type: 'heartbeat', timestamp: new Date(NOW).toISOString() });
  });

  it('works on the origin of the page too', async () => {
    const { until } = client(`ws://127.0.0.1:${stage.dashboard.port}${PATH}`, {
      headers: { origin: `http://localhost:${stage.dashboard.port}` },
    });
    await until((all) => all.length > 0);
  });

  it.each([
    ['a path of another service', () => refusal(urlOf('', '/ws')), 404],
    ['a longer path', () => refusal(urlOf('', `${PATH}/x`)), 404],
    ['a foreign origin', () => refusal(urlOf(), { origin: 'https://evil.example' }), 403],
    ['an origin that only begins like ours', () => refusal(urlOf(), { origin: 'http://localhost.evil.example' }), 403],
    ['the origin null', () => refusal(urlOf(), { origin: 'null' }), 403],
    ['a rebound name', () => refusal(urlOf(), { host: 'evil.example' }), 403],
    ['a since that is no number', () => refusal(urlOf('?since=abc')), 400],
    ['a negative since', () => refusal(urlOf('?since=-1')), 400],
    ['a since above the newest', () => refusal(urlOf('?since=999999')), 400],
    ['since twice', () => refusal(urlOf('?since=1&since=2')), 400],
    ['an unknown parameter', () => refusal(urlOf('?sinse=1')), 400],
    ['an unknown strategy', () => refusal(urlOf('?strategies=NOBODY')), 404],
  ])('%s is refused at the handshake', async (_, attempt, status) => {
    const answer = await attempt();
    expect(answer.status).toBe(status);
    expect(Object.keys(answer.body)).toEqual(['detail', 'status_code', 'code']);
  });

  it('a page of this machine may listen, whatever its port; an empty since counts as absent', async () => {
    const { until } = client(urlOf('?since='), { headers: { origin: 'http://localhost:5173' } });
    await until((all) => all.length > 0);
  });

  it('a message of more than 4 KB closes with 1009, a flood with 1008', async () => {
    const big = client(urlOf());
    await big.until((all) => all.length > 0);
    big.socket.send('x'.repeat(5000));
    expect((await once(big.socket, 'close'))[0]).toBe(1009);
    const flood = client(urlOf());
    await flood.until((all) => all.length > 0);
    for (let i = 0; i < 60; i++) flood.socket.send('ping');
    expect((await once(flood.socket, 'close'))[0]).toBe(1008);
  });

  it('60 fragments of one message are refused', async () => {
    const { socket, until } = client(urlOf());
    await until((all) => all.length > 0);
    for (let i = 0; i < 60; i++) socket.send('a', { fin: false });
    const [code] = await once(socket, 'close');
    expect([1008, 1009]).toContain(code);
  });
});

describe('events', () => {
  it('a bare INSERT of a signal arrives in the reference’s shape, with seq', async () => {
    const { until, events } = client(urlOf());
    await until((all) => all.length > 0);
    await signal('ALPHA', 'by hand');
    await until(() => events().length > 0);
    const [{ rows }] = [await stage.pool.query('SELECT seq FROM dw.events ORDER BY seq DESC LIMIT 1')];
    expect(events()[0]).toMatchObject({
      type: 'signal_update',
      strategy_code: 'ALPHA',
      signal: 'long',
      confidence: 0.8,
      price: 4300,
      timestamp: new Date(NOW + minute * SLOT).toISOString(),
      seq: rows[0].seq,
    });
  });

  it('a position change comes after the signal that caused it', async () => {
    const { until, events } = client(urlOf());
    await until((all) => all.length > 0);
    await signal('BETA', 'cause');
    await stage.pool.query(
      `INSERT INTO dw.fact_strategy_positions (strategy_id, side, quantity, entry_price, entry_time) VALUES ($1, 'short', 10.5, 4301.25, $2)`,
      [ids['BETA'], new Date(NOW + minute * SLOT)],
    );
    await until(() => events().length > 1);
    expect(events().map((each) => each['type'])).toEqual(['signal_update', 'position_change']);
    expect(events()[1]).toMatchObject({
      strategy_code: 'BETA',
      action: 'open',
      side: 'short',
      quantity: 10.5,
      price: 4301.25,
    });
    expect(events()[1]!['seq']).toBeGreaterThan(events()[0]!['seq']);
  });

  it('a new bar comes as price_update', async () => {
    const { until, events } = client(urlOf());
    await until((all) => all.length > 0);
    await stage.pool.query(
      `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close) VALUES ($1, 4300, 4302, 4299, 4301)`,
      [new Date(NOW + ++minute * SLOT)],
    );
    await until(() => events().length > 0);
    expect(events()[0]).toMatchObject({
      type: 'price_update',
      symbol: 'USD/COP',
      price: 4301,
      open: 4300,
      high: 4302,
      low: 4299,
    });
  });

  it('?strategies= lets through those named, and what is about none', async () => {
    const { until, events } = client(urlOf('?strategies=ALPHA'));
    await until((all) => all.length > 0);
    await signal('BETA', 'not wanted');
    await signal('ALPHA', 'wanted');
    await until(() => events().length > 0);
    expect(events().map((each) => each['reasoning'])).toEqual(['wanted']);
  });

  it('since resumes without loss or repeat, whatever is published meanwhile', async () => {
    const start = await settled();
    for (let i = 0; i < 40; i++) await signal('ALPHA', `missed ${i}`);
    const writing = (async () => {
      for (let i = 0; i < 40; i++) await signal('BETA', `meanwhile ${i}`);
    })();
    const clients = Array.from({ length: 8 }, (_, i) => client(urlOf(`?since=${start + i}`)));
    await writing;
    const last = await settled();
    expect(last).toBe(start + 80);
    for (const [i, each] of clients.entries()) {
      await each.until(() => each.events().at(-1)?.['seq'] === last);
      expect(each.events().map((event) => event['seq'])).toEqual(
        Array.from({ length: 80 - i }, (_, n) => start + i + n + 1),
      );
    }
  });

  it('the same seq is in /api/events', async () => {
    const last = await settled();
    const { body } = await stage.get(`/api/events?since=${last - 5}&limit=3`);
    expect(body.last_seq).toBe(last);
    expect(body.events.map((each: Message) => each['seq'])).toEqual([last - 4, last - 3, last - 2]);
    const { until, events } = client(urlOf(`?since=${last - 5}`));
    await until(() => events().length === 5);
    expect(events()[0]).toMatchObject({ ...body.events[0].payload, type: body.events[0].type, seq: last - 4 });
  });

  it('what is older than kept is a gap, and goes on with the oldest', async () => {
    const last = await settled();
    await stage.pool.query('DELETE FROM dw.events WHERE seq < $1', [last - 3]);
    const { until, events, messages } = client(urlOf('?since=1'));
    await until(() => events().length === 4);
    expect(messages.slice(0, 2).map((each) => each['type'])).toEqual(['connection', 'gap']);
    expect(messages[1]).toEqual({ type: 'gap', oldest: last - 3 });
    expect(events().map((each) => each['seq'])).toEqual([last - 3, last - 2, last - 1, last]);
    const none = client(urlOf(`?since=${last - 4}`));
    await none.until(() => none.events().length === 4);
    expect(none.messages.some((each) => each['type'] === 'gap')).toBe(false);
  });
});

describe('a client that does not read', () => {
  it('is closed with 1013 and the reason; the others miss nothing', async () => {
    const listeners = new Set<(event: PublishedEvent) => void>();
    let seq = 0;
    const flooded = {
      ...stage.dependencies,
      events: {
        lastSeq: () => seq,
        oldestSeq: () => null,
        read: async () => [],
        subscribe: (listener: (event: PublishedEvent) => void) => (
          listeners.add(listener),
          () => listeners.delete(listener)
        ),
      },
    };
    const http = await import('node:http');
    const server = http.createServer();
    const live = createLive(flooded, { queueBytes: 64 * 1024, grace: 300, heartbeat: 60_000 });
    live.attach(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const port = (server.address() as net.AddressInfo).port;

    const stalled = net.connect(port, '127.0.0.1');
    stalled.write(
      `GET ${PATH} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await once(stalled, 'data');
    stalled.pause();
    const good = client(`ws://127.0.0.1:${port}${PATH}`);
    await good.until((all) => all.length > 0);
    expect(live.clients).toBe(2);

    const text = 'x'.repeat(8000);
    while (live.clients > 1 && seq < 20_000) {
      seq += 1;
      const event: PublishedEvent = {
        seq,
        type: 'signal_update',
        time: NOW,
        recordedAt: NOW,
        payload: { strategy_code: 'ALPHA', text },
      };
      for (const listener of listeners) listener(event);
      await good.until(() => good.events().at(-1)?.['seq'] === seq);
    }
    expect(live.clients, 'only the one that reads is left').toBe(1);
    expect(good.events().map((each) => each['seq'])).toEqual(Array.from({ length: seq }, (_, i) => i + 1));

    // what it had in its socket ends with the frame that says why, when it was let through; or the line was cut
    const chunks: Buffer[] = [];
    stalled.on('data', (chunk) => chunks.push(chunk));
    stalled.on('error', () => {});
    stalled.resume();
    await once(stalled, 'close');
    live.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('one that only pauses hears why', async () => {
    const listeners = new Set<(event: PublishedEvent) => void>();
    const http = await import('node:http');
    const server = http.createServer();
    const live = createLive(
      {
        ...stage.dependencies,
        events: {
          lastSeq: () => 0,
          oldestSeq: () => null,
          read: async () => [],
          subscribe: (listener: (event: PublishedEvent) => void) => (
            listeners.add(listener),
            () => listeners.delete(listener)
          ),
        },
      },
      { queueBytes: 64 * 1024, grace: 3000 },
    );
    live.attach(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { socket, until } = client(`ws://127.0.0.1:${(server.address() as net.AddressInfo).port}${PATH}`);
    await until((all) => all.length > 0);
    // all in one turn of the loop: nothing can be read in between
    for (let seq = 1; seq <= 200; seq++) {
      const event: PublishedEvent = {
        seq,
        type: 'x',
        time: NOW,
        recordedAt: NOW,
        payload: { text: 'y'.repeat(100_000) },
      };
      for (const listener of listeners) listener(event);
    }
    const [code, reason] = await once(socket, 'close');
    expect(code).toBe(1013);
    expect(String(reason)).toContain('too slow');
    live.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

it('a new world: every client gets gap and goes on with its first event', async () => {
  const worlds = [1, 2].map(() => {
    const listeners = new Set<(event: PublishedEvent) => void>();
    return {
      publish: (seq: number): void =>
        listeners.forEach((listener) => listener({ seq, type: 'x', time: NOW, recordedAt: NOW, payload: {} })),
      source: (last: number) => ({
        lastSeq: () => last,
        oldestSeq: () => null,
        read: async () => [],
        subscribe: (listener: (event: PublishedEvent) => void) => (
          listeners.add(listener),
          () => listeners.delete(listener)
        ),
      }),
    };
  });
  const [old, next] = [worlds[0]!, worlds[1]!];
  let events = old.source(10);
  const server = (await import('node:http')).createServer();
  const live = createLive({
    ...stage.dependencies,
    get events() {
      return events;
    },
  });
  live.attach(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { until, messages } = client(`ws://127.0.0.1:${(server.address() as net.AddressInfo).port}${PATH}`);
  await until((all) => all.length > 0);
  old.publish(11);
  await until((all) => all.length > 1);
  events = next.source(40);
  await live.reset();
  old.publish(12);
  next.publish(41);
  await until((all) => all.length > 3);
  await live.reset();
  next.publish(42);
  await until((all) => all.length > 5);
  expect(messages.slice(1)).toEqual([
    { type: 'x', seq: 11 },
    { type: 'gap', oldest: 41 },
    { type: 'x', seq: 41 },
    // one that was sent before the change was told stands before the gap
    { type: 'gap', oldest: 42 },
    { type: 'x', seq: 42 },
  ]);
  live.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('@signalbox/client against a real host', () => {
  it('loses and repeats nothing over broken connections', async () => {
    const start = await settled();
    const seen: StreamEvent[] = [];
    let current: WebSocket | undefined;
    const connection = connect({
      url: `http://127.0.0.1:${stage.models.port}${PATH}`,
      since: start,
      retry: 10,
      onEvent: (event) => seen.push(event),
      open: (url) => (current = new WebSocket(url)) as never,
    });
    for (let i = 0; i < 60; i++) {
      await signal('ALPHA', `n ${i}`);
      if (i % 7 === 3) current?.terminate();
    }
    const last = await settled();
    const deadline = Date.now() + 5000;
    while (connection.seq !== last && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(seen.map((event) => event.seq)).toEqual(Array.from({ length: last - start }, (_, i) => start + i + 1));
    connection.close();
    expect(connection.state).toBe('closed');
  });
});
