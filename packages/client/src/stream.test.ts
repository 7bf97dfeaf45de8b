import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type ConnectOptions, type Gap, type OtherEvent, type SocketLike, type StreamEvent } from './index.js';

class FakeSocket implements SocketLike {
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;
  onerror: SocketLike['onerror'] = null;
  closed = false;
  constructor(readonly url: string) {}
  send(): void {}
  close(): void {
    this.closed = true;
  }
  say(message: unknown): void {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }
  drop(code = 1006): void {
    this.onclose?.({ code, reason: '' });
  }
  get since(): string | null {
    return new URL(this.url).searchParams.get('since');
  }
}

let sockets: FakeSocket[];
let events: StreamEvent[];
let others: OtherEvent[];
let gaps: Gap[];
let states: string[];
const follow = (options: Partial<ConnectOptions> = {}) =>
  connect({
    url: 'http://localhost:8006/ws/trading-signals',
    retry: 100,
    silence: 1000,
    open: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket;
    },
    onEvent: (event) => events.push(event),
    onOther: (event) => others.push(event),
    onGap: (gap) => gaps.push(gap),
    onState: (state) => states.push(state),
    ...options,
  });
const last = (): FakeSocket => sockets.at(-1)!;
const hello = (seq: number) => ({ type: 'connection', timestamp: '', message: '', seq });
const signal = (seq: number) => ({ type: 'signal_update', seq, strategy_code: 'A' });
const seqs = (): number[] => events.map((event) => event.seq);

beforeEach(() => {
  vi.useFakeTimers();
  [sockets, events, others, gaps, states] = [[], [], [], [], []];
});
afterEach(() => vi.useRealTimers());

describe('connect', () => {
  it('asks with since and strategies, over ws', () => {
    follow({ since: 7, strategies: ['A', 'B'] });
    expect(last().url).toBe('ws://localhost:8006/ws/trading-signals?since=7&strategies=A%2CB');
  });

  it('gives each event once and in order: what is repeated is dropped', () => {
    follow();
    last().say(hello(4));
    for (const seq of [5, 6, 6, 5, 7]) last().say(signal(seq));
    expect(seqs()).toEqual([5, 6, 7]);
  });

  it('asks for a new ticket before each connection; without one it tries again, and once closed it opens nothing', async () => {
    let asked = 0;
    const ticket = async (): Promise<string> => {
      if (++asked === 2) throw new Error('not logged in');
      return `t${asked}`;
    };
    const used = (): (string | null)[] => sockets.map(({ url }) => new URL(url).searchParams.get('ticket'));
    const connection = follow({ ticket });
    await vi.advanceTimersByTimeAsync(0);
    last().say(hello(4));
    last().drop();
    await vi.advanceTimersByTimeAsync(100); // the second is refused
    expect(used()).toEqual(['t1']);
    await vi.advanceTimersByTimeAsync(200);
    expect(used()).toEqual(['t1', 't3']);

    last().drop();
    await vi.advanceTimersByTimeAsync(400 - 1);
    const before = asked;
    vi.advanceTimersByTime(1);
    expect(asked).toBe(before + 1);
    connection.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(used()).toEqual(['t1', 't3']);
  });

  it('after a loss resumes with the last seq that it has seen', () => {
    const connection = follow();
    expect(last().since).toBeNull();
    last().say(hello(4));
    last().say(signal(5));
    last().drop();
    expect(states).toEqual(['live', 'offline']);
    vi.advanceTimersByTime(100);
    expect(last().since).toBe('5');
    last().say(hello(5));
    last().say(signal(6));
    expect(seqs()).toEqual([5, 6]);
    expect(connection.seq).toBe(6);
  });

  it('a loss before the first event resumes from where the greeting stood', () => {
    follow();
    last().say(hello(4));
    last().drop();
    vi.advanceTimersByTime(100);
    expect(last().since).toBe('4');
  });

  it('waits longer after each failure, and briefly again after a success', () => {
    follow();
    last().drop();
    vi.advanceTimersByTime(100);
    expect(sockets).toHaveLength(2);
    last().drop();
    vi.advanceTimersByTime(199);
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(3);
    last().say(hello(0));
    last().drop();
    vi.advanceTimersByTime(100);
    expect(sockets).toHaveLength(4);
  });

  it('tells a gap and goes on with the oldest event kept', () => {
    follow({ since: 3 });
    last().say(hello(3));
    last().say({ type: 'gap', oldest: 90 });
    last().say(signal(90));
    expect(gaps).toEqual([{ type: 'gap', oldest: 90 }]);
    expect(seqs()).toEqual([90]);
  });

  it('silence is a loss; a heartbeat is not silence', () => {
    follow();
    last().say(hello(1));
    vi.advanceTimersByTime(900);
    last().say({ type: 'heartbeat', timestamp: '' });
    vi.advanceTimersByTime(900);
    expect(states).toEqual(['live']);
    vi.advanceTimersByTime(101);
    expect(states).toEqual(['live', 'offline']);
    expect(sockets[0]!.closed).toBe(true);
  });

  it('a host whose events begin anew is found out, and told as a gap', () => {
    follow({ since: 500 });
    last().drop();
    vi.advanceTimersByTime(100);
    expect(last().since).toBe('500');
    last().drop();
    vi.advanceTimersByTime(200);
    expect(last().since, 'the third try asks where the host stands').toBeNull();
    last().say(hello(12));
    last().say(signal(13));
    expect(gaps).toEqual([{ type: 'gap', oldest: 13 }]);
    expect(seqs()).toEqual([13]);
  });

  it('a host that was only away loses nothing by being asked: it connects again with since', () => {
    follow({ since: 500 });
    last().drop();
    vi.advanceTimersByTime(100);
    last().drop();
    vi.advanceTimersByTime(200);
    last().say(hello(510));
    expect(sockets[2]!.closed).toBe(true);
    expect(last().since).toBe('500');
    last().say(hello(500));
    last().say(signal(501));
    expect(seqs()).toEqual([501]);
    expect(gaps).toEqual([]);
  });

  it('a socket that was given up is not listened to', () => {
    follow();
    const first = last();
    first.say(hello(1));
    first.drop();
    vi.advanceTimersByTime(100);
    first.say(signal(2));
    first.drop();
    expect(seqs()).toEqual([]);
    expect(sockets).toHaveLength(2);
  });

  it('an unknown type goes to onOther, nonsense nowhere', () => {
    follow();
    last().say(hello(1));
    last().say({ type: 'new_thing', seq: 2, x: 1 });
    last().say('not json');
    last().say({ type: 'pong', timestamp: '' });
    expect(others).toEqual([{ type: 'new_thing', seq: 2, x: 1 }]);
    expect(events).toEqual([]);
  });

  it('what has no seq is told and does not move the place to resume from: the market is closed', () => {
    const said: unknown[] = [];
    const connection = follow({ onMarketClosed: (message) => said.push(message) });
    last().say(hello(7));
    const closed = { type: 'market_closed', timestamp: 't', market_status: 'closed', next_open: 'n' };
    last().say(closed);
    expect(said).toEqual([closed]);
    expect(connection.seq).toBe(7);
    expect(others).toEqual([]);
  });

  it('close ends it: no new try, one last state', () => {
    const connection = follow();
    last().say(hello(1));
    connection.close();
    connection.close();
    vi.advanceTimersByTime(100_000);
    expect(sockets).toHaveLength(1);
    expect(last().closed).toBe(true);
    expect(states).toEqual(['live', 'closed']);
  });

  it('a socket that cannot even be made is tried again', () => {
    let tries = 0;
    follow({
      open: () => {
        tries += 1;
        throw new Error('refused');
      },
    });
    vi.advanceTimersByTime(100);
    expect(tries).toBe(2);
    expect(states).toEqual(['offline', 'offline']);
  });

  it('without a WebSocket it says what to give', () => {
    vi.stubGlobal('WebSocket', undefined);
    expect(() => connect({ url: 'ws://localhost', onEvent: () => {} })).toThrow(/give `open`/);
    vi.unstubAllGlobals();
  });
});
