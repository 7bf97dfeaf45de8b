import type { WebSocket } from 'ws';
import type { ServiceDependencies } from '../services/dependencies.js';
import type { Channel } from './channel.js';
import type { Frame, Frames } from './frames.js';

export interface Limits {
  /** Bytes that may wait for one client. */
  readonly queueBytes: number;
  /** Milliseconds of silence before a heartbeat, and between checks that the peer lives. */
  readonly heartbeat: number;
  /** Milliseconds that a closing client gets to say goodbye. */
  readonly grace: number;
  /** Milliseconds between two looks at whether a client may still listen. */
  readonly recheck: number;
  readonly messagesPerSecond: number;
}

const BATCH = 500;

/**
 * One client. `cursor` is the seq up to which everything was sent or is not wanted: whatever comes twice, from the table
 * and from the stream, is sent once. While it reads the table the stream is ignored; it turns to the stream only when
 * nothing lies between them.
 */
export class Listener {
  #cursor: number;
  #newest = 0;
  #live = false;
  #ended = false;
  #said: { readonly code: number; readonly reason: string } | undefined;
  #lastSent = Date.now();
  #lastChecked = Date.now();
  #alive = true;
  #sessionEnd = Infinity;
  #second = 0;
  #messages = 0;

  constructor(
    readonly socket: WebSocket,
    readonly dependencies: ServiceDependencies,
    readonly frames: Frames,
    readonly limits: Limits,
    readonly channel: Channel,
    readonly wanted: ReadonlySet<string> | null,
    since: number,
    readonly onClose: (code: number, reason: string) => void,
  ) {
    this.#cursor = since;
    socket.on('error', () => {});
    socket.on('close', (code, reason) => {
      this.#ended = true;
      // what we said holds: one that is cut off in the end answers nothing
      if (this.#said) onClose(this.#said.code, this.#said.reason);
      else onClose(code, String(reason));
    });
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('message', (data) => this.#receive(String(data)));
  }

  /** Greets, tells of a gap, sends what was missed, then follows. */
  async begin(resumes: boolean): Promise<void> {
    this.#say({
      type: 'connection',
      timestamp: this.#now(),
      message: this.channel.greeting,
      seq: this.#cursor,
    });
    if (this.channel.marketHours) this.#followMarket();
    if (resumes) {
      const oldest = await this.dependencies.events.oldestSeq();
      const last = await this.dependencies.events.lastSeq();
      // nothing kept, but something was published after the cursor
      const next = oldest ?? last + 1;
      if (this.#cursor < next - 1) this.#gap(next);
    }
    await this.#catchUp();
  }

  publish(frame: Frame): void {
    if (frame.seq > this.#newest) this.#newest = frame.seq;
    if (this.#live) this.#deliver(frame);
  }

  /** Another world: what comes begins at `oldest`, or later if some of it has been sent already. */
  restart(oldest: number): void {
    this.#gap(Math.max(oldest, this.#cursor + 1));
  }

  /** Bytes that wait for this client. */
  get waiting(): number {
    return this.#ended ? 0 : this.socket.bufferedAmount;
  }

  /** Says so when the market is not open: on connecting, and once after each session's end. */
  #followMarket(): void {
    const { calendar, clock } = this.dependencies;
    const now = clock.now();
    const status = calendar.status(now);
    const known = (next: (now: number) => number): number => {
      try {
        return next(now);
      } catch {
        return Infinity; // the calendar ends here
      }
    };
    this.#sessionEnd = known(calendar.nextClose);
    if (status === 'open') return;
    const open = known(calendar.nextOpen);
    this.#say({
      type: 'market_closed',
      timestamp: this.#now(),
      market_status: status,
      next_open: open === Infinity ? null : new Date(open).toISOString(),
    });
  }

  beat(): void {
    if (this.#ended) return;
    if (this.#sessionEnd <= this.dependencies.clock.now()) this.#followMarket();
    const now = Date.now();
    if (now - this.#lastChecked >= this.limits.heartbeat) {
      // a peer that vanished without a word answers no ping
      if (!this.#alive) return this.socket.terminate();
      this.#alive = false;
      this.#lastChecked = now;
      this.socket.ping();
    }
    if (now - this.#lastSent >= this.limits.heartbeat) this.#say({ type: 'heartbeat', timestamp: this.#now() });
  }

  end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#live = false;
    this.#said = { code, reason };
    this.socket.close(code, reason);
    // one that does not read does not say goodbye either
    setTimeout(() => this.socket.terminate(), this.limits.grace).unref();
  }

  async #catchUp(): Promise<void> {
    while (!this.#ended) {
      const events = await this.dependencies.events.read(this.#cursor, BATCH);
      for (const event of events) {
        this.#deliver(this.frames.of(event));
        if (this.#ended) return;
        if (this.socket.bufferedAmount > this.limits.queueBytes / 2) await this.#drained();
      }
      if (events.length < BATCH && this.#newest <= this.#cursor) {
        this.#live = true;
        return;
      }
      // the stream is ahead of what could be read: its rows are there in a moment
      if (events.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** A backlog waits for its reader as long as that one reads at all. */
  async #drained(): Promise<void> {
    const started = Date.now();
    while (!this.#ended && this.socket.bufferedAmount > this.limits.queueBytes / 4) {
      if (Date.now() - started > this.limits.heartbeat) return this.end(1013, 'too slow: events wait unread');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  #deliver(frame: Frame): void {
    if (this.#ended || frame.seq <= this.#cursor) return;
    this.#cursor = frame.seq;
    if (this.channel.types && !this.channel.types.has(frame.type)) return;
    if (this.wanted && frame.strategy !== null && !this.wanted.has(frame.strategy)) return;
    this.#send(frame.data);
  }

  #gap(oldest: number): void {
    this.#cursor = oldest - 1;
    this.#say({ type: 'gap', oldest });
  }

  #say(message: object): void {
    this.#send(Buffer.from(JSON.stringify(message)));
  }

  #send(data: Buffer): void {
    if (this.#ended || this.socket.readyState !== this.socket.OPEN) return;
    if (this.socket.bufferedAmount + data.length > this.limits.queueBytes) {
      return this.end(1013, `too slow: more than ${this.limits.queueBytes} bytes wait unread`);
    }
    this.#lastSent = Date.now();
    this.socket.send(data, { binary: false });
  }

  #receive(text: string): void {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) [this.#second, this.#messages] = [second, 0];
    if (++this.#messages > this.limits.messagesPerSecond) return this.end(1008, 'too many messages');
    if (text === 'ping' || text === '{"type":"ping"}') this.#say({ type: 'pong', timestamp: this.#now() });
  }

  #now(): string {
    return new Date(this.dependencies.clock.now()).toISOString();
  }
}
