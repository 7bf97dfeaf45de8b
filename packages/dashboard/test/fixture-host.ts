import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { FixtureMarket } from './fixture-market.js';

/** TEST ONLY. Serves the built page under the policy of a real host, and answers the API's shapes from a made-up market. */

/** As strict as the host's own. */
export const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "object-src 'none'",
  "frame-ancestors 'none'",
].join('; ');

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export class FixtureHost {
  readonly market = new FixtureMarket();
  /** Paths that answer 503, to see the page's error state. */
  readonly broken = new Set<string>();
  readonly commands: unknown[] = [];
  readonly resets: [code: string, reason: string][] = [];
  /** Overrides of /api/clock. */
  clock: object = {};
  accepting = true;
  /** Of whoever looks. */
  role: 'viewer' | 'trader' | 'admin' = 'admin';
  #seq = 100;
  #cutAt = 100;
  readonly #events: { seq: number; [field: string]: unknown }[] = [];
  readonly #sockets = new Set<WebSocket>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    const sockets = new WebSocketServer({ noServer: true });
    this.#server.on('upgrade', (request, socket, head) => {
      if (!this.accepting) return socket.destroy();
      sockets.handleUpgrade(request, socket, head, (client) => this.#greet(client, request));
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  /** One bar further: stored first, told afterwards, as a host does. */
  bar(): void {
    const { bar, said, moved } = this.market.next();
    const time = new Date(bar.time).toISOString();
    this.#tell({ type: 'price_update', symbol: 'USD/COP', price: bar.close, timestamp: time, bar_time: time });
    for (const { code, action, position } of moved)
      this.#tell({
        type: 'position_change',
        strategy_code: code,
        action,
        side: position.side,
        quantity: position.quantity,
        price: bar.open,
        timestamp: time,
      });
    for (const signal of said) this.#tell({ type: 'signal_update', price: signal.entry_price, ...signal });
  }

  /** A limit is reached: the alert is stored, then told. */
  breach(code: string, strategy: string, message: string): void {
    const { timestamp } = this.market.alert(code, strategy, 'critical', message);
    this.#tell({ type: 'alert', severity: 'critical', code, message, strategy, timestamp });
  }

  /** Events told since the last cut. */
  get missed(): number {
    return this.#seq - this.#cutAt;
  }

  /** Cuts every connection and refuses new ones until `accepting` is set again. */
  cut(): void {
    this.accepting = false;
    this.#cutAt = this.#seq;
    for (const socket of this.#sockets) socket.terminate();
  }

  #tell(event: object): void {
    const numbered = { ...event, seq: ++this.#seq };
    this.#events.push(numbered);
    for (const socket of this.#sockets) socket.send(JSON.stringify(numbered));
  }

  #greet(client: WebSocket, request: IncomingMessage): void {
    this.#sockets.add(client);
    client.on('close', () => this.#sockets.delete(client));
    client.on('message', (data) => {
      if (String(data) === 'ping') client.send(JSON.stringify({ type: 'pong', timestamp: new Date().toISOString() }));
    });
    client.send(
      JSON.stringify({ type: 'connection', timestamp: new Date().toISOString(), message: 'connected', seq: this.#seq }),
    );
    const since = new URL(request.url ?? '/', 'http://x').searchParams.get('since');
    if (since) for (const event of this.#events) if (event.seq > Number(since)) client.send(JSON.stringify(event));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://x');
    if (url.pathname.startsWith('/api/')) {
      if (!this.accepting) return void request.socket.destroy();
      const down = [...this.broken].some((path) => url.pathname.startsWith(path));
      const body = down
        ? { detail: 'the database does not answer', status_code: 503, code: 'DATABASE_UNAVAILABLE' }
        : await this.#api(url, request);
      response.writeHead(down ? 503 : 200, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify(body));
    }
    const path = normalize(url.pathname === '/' ? '/index.html' : url.pathname);
    try {
      const file = await readFile(join(this.#folder, path));
      response.writeHead(200, {
        'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
        'content-security-policy': CSP,
        'x-content-type-options': 'nosniff',
      });
      response.end(file);
    } catch {
      response.writeHead(404).end();
    }
  }

  async #api(url: URL, request: IncomingMessage): Promise<unknown> {
    const { market } = this;
    const limit = Number(url.searchParams.get('limit') ?? 1000);
    const explained = /^\/api\/signals\/(\d+)\/explain$/.exec(url.pathname)?.[1];
    if (explained) return market.explanation(Number(explained));
    const code = /^\/api\/models\/([^/]+)\/signals$/.exec(url.pathname)?.[1];
    switch (url.pathname) {
      case '/api/clock':
        if (request.method === 'POST') await this.#command(request);
        return { ...market.clock(), ...this.clock };
      case '/api/session':
        return { authentication: 'none', role: this.role, caller: null };
      case '/api/models':
        return market.models();
      case '/api/models/signals/latest':
        return market.latest();
      case '/api/risk/status':
        return { strategies: market.risk() };
      case '/api/alerts':
        return { alerts: market.alerts };
      case '/api/feeds':
        return { feeds: [] };
      case '/api/models/positions/current':
        return market.positions();
      case '/api/models/equity-curves':
        return market.curves();
      case '/api/models/performance/comparison':
        return market.comparison();
      case '/api/events':
        return { events: [], last_seq: this.#seq };
      case '/api/candlesticks/USDCOP':
        return { symbol: 'USD/COP', timeframe: '5m', data: market.bars.slice(-limit), simulated: true };
    }
    const reset = /^\/api\/risk\/([^/]+)\/reset$/.exec(url.pathname)?.[1];
    if (reset) {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      this.resets.push([reset, (JSON.parse(text) as { reason: string }).reason]);
      market.risks.delete(reset);
      return { ...market.risk().find((risk) => risk.strategy_code === reset), status: 'done' };
    }
    if (code) return { strategy_code: code, signals: [...(market.signals.get(code) ?? [])].reverse().slice(0, limit) };
    return { detail: 'no such route', status_code: 404, code: 'ROUTE_UNKNOWN' };
  }

  async #command(request: IncomingMessage): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const command = JSON.parse(text) as { action: string; speed?: number };
    this.commands.push(command);
    if (command.action === 'pause') this.market.speed = 0;
    if (command.action === 'resume') this.market.speed = 60;
    if (command.action === 'speed' && command.speed) this.market.speed = command.speed;
    if (command.action === 'step') this.bar();
  }
}
