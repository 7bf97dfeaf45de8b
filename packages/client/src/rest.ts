import type { paths } from './generated/api.js';

type Get<P extends keyof paths> = paths[P] extends { get: infer O } ? O : never;
type Post<P extends keyof paths> = paths[P] extends { post: infer O } ? O : never;
type Delete<P extends keyof paths> = paths[P] extends { delete: infer O } ? O : never;
type Ok<O> = O extends { responses: { 200: { content: { 'application/json': infer B } } } } ? B : never;
type Created<O> = O extends { responses: { 201: { content: { 'application/json': infer B } } } } ? B : never;
type Accepted<O> = O extends { responses: { 202: { content: { 'application/json': infer B } } } } ? B : never;
type QueryOf<O> = O extends { parameters: { query?: infer Q } } ? NonNullable<Q> : never;
type BodyOf<O> = O extends { requestBody: { content: { 'application/json': infer B } } } ? B : never;

/** The answer of a GET route. */
export type Answer<P extends keyof paths> = Ok<Get<P>>;
type QueryParameters<P extends keyof paths> = QueryOf<Get<P>>;

export interface ClientOptions {
  /** Where the host is, e.g. `http://localhost:8006`; in a browser the page's own origin by default. */
  readonly baseUrl?: string;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Sent as `Authorization: Bearer`. */
  readonly apiKey?: string;
  /** Milliseconds before a request is given up; 10,000 by default. */
  readonly timeout?: number;
}

/** A refused request: the status, the stable code and the detail that the host gave. Status 0: the host was not reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = 'ApiError';
  }
}

/** One method for each route. All reject with {@link ApiError}. */
export interface Client {
  health(): Promise<Answer<'/api/health'>>;
  /** Whether the host wants to know who asks, whom it takes the caller for, and what he may do. */
  session(): Promise<Answer<'/api/session'>>;
  /** For browsers, which keep the cookie that it sets; programs give `apiKey`. */
  login(credentials: BodyOf<Post<'/api/login'>>): Promise<Ok<Post<'/api/login'>>>;
  logout(): Promise<Ok<Post<'/api/logout'>>>;
  /** For one WebSocket within 30 seconds, where the host wants to know who asks: see `ticket` of `connect`. */
  webSocketTicket(): Promise<Ok<Post<'/api/ws-ticket'>>>;
  latestSignals(query?: QueryParameters<'/api/models/signals/latest'>): Promise<Answer<'/api/models/signals/latest'>>;
  performanceComparison(
    query?: QueryParameters<'/api/models/performance/comparison'>,
  ): Promise<Answer<'/api/models/performance/comparison'>>;
  equityCurves(query?: QueryParameters<'/api/models/equity-curves'>): Promise<Answer<'/api/models/equity-curves'>>;
  currentPositions(
    query?: QueryParameters<'/api/models/positions/current'>,
  ): Promise<Answer<'/api/models/positions/current'>>;
  pnlSummary(query?: QueryParameters<'/api/models/pnl/summary'>): Promise<Answer<'/api/models/pnl/summary'>>;
  models(): Promise<Answer<'/api/models'>>;
  model(code: string): Promise<Answer<'/api/models/{code}'>>;
  metrics(
    code: string,
    query?: QueryParameters<'/api/models/{code}/metrics'>,
  ): Promise<Answer<'/api/models/{code}/metrics'>>;
  signals(
    code: string,
    query?: QueryParameters<'/api/models/{code}/signals'>,
  ): Promise<Answer<'/api/models/{code}/signals'>>;
  trades(
    code: string,
    query?: QueryParameters<'/api/models/{code}/trades'>,
  ): Promise<Answer<'/api/models/{code}/trades'>>;
  /** Runs all bars up to the signal's: may take seconds. */
  explain(signalId: number): Promise<Answer<'/api/signals/{id}/explain'>>;
  /** Delivers a signal of a strategy that runs elsewhere, one a bar; resolves with the stored row. */
  deliverSignal(
    code: string,
    signal: BodyOf<Post<'/api/models/{code}/signals'>>,
  ): Promise<Created<Post<'/api/models/{code}/signals'>>>;
  /** Where each strategy stands against its limits. */
  risk(query?: QueryParameters<'/api/risk/status'>): Promise<Answer<'/api/risk/status'>>;
  /** Lifts the drawdown halt of a strategy; the reason is kept. */
  resetRisk(code: string, reason: string): Promise<Ok<Post<'/api/risk/{code}/reset'>>>;
  /** Newest first. */
  alerts(query?: QueryParameters<'/api/alerts'>): Promise<Answer<'/api/alerts'>>;
  /** Runs the cycle of a complete bar; idempotent. May take as long as the strategies may. */
  runCycle(bar: BodyOf<Post<'/api/cycles'>>): Promise<Ok<Post<'/api/cycles'>>>;
  /** Newest first. */
  backtests(query?: QueryParameters<'/api/backtests'>): Promise<Answer<'/api/backtests'>>;
  backtest(id: string): Promise<Answer<'/api/backtests/{id}'>>;
  /** Queues a backtest; the same one that is queued or runs already is answered with its id. */
  startBacktest(asked: BodyOf<Post<'/api/backtests'>>): Promise<Accepted<Post<'/api/backtests'>>>;
  /** Cancels a backtest; one that has ended is taken out of the history, and its run with it. */
  endBacktest(id: string): Promise<Ok<Delete<'/api/backtests/{id}'>>>;
  /** Backtests, sweeps, backfills and trainings, newest first. */
  jobs(query?: QueryParameters<'/api/jobs'>): Promise<Answer<'/api/jobs'>>;
  job(id: string): Promise<Answer<'/api/jobs/{id}'>>;
  /** Queues a job of any kind, as {@link startBacktest} does. */
  startJob(asked: BodyOf<Post<'/api/jobs'>>): Promise<Accepted<Post<'/api/jobs'>>>;
  /** As {@link endBacktest}, of a job of any kind. */
  endJob(id: string): Promise<Ok<Delete<'/api/jobs/{id}'>>>;
  events(query?: QueryParameters<'/api/events'>): Promise<Answer<'/api/events'>>;
  /** Where the series come from that active strategies need, and what is wrong there. */
  feeds(): Promise<Answer<'/api/feeds'>>;
  /** Delivers bars; idempotent. */
  ingestBars(rows: BodyOf<Post<'/api/ingest/bars'>>): Promise<Ok<Post<'/api/ingest/bars'>>>;
  /** Delivers macro values; idempotent. */
  ingestMacro(rows: BodyOf<Post<'/api/ingest/macro'>>): Promise<Ok<Post<'/api/ingest/macro'>>>;
  clock(): Promise<Answer<'/api/clock'>>;
  /** Pause, resume, step, restart or speed the replay clock of a simulated world. */
  commandClock(command: BodyOf<Post<'/api/clock'>>): Promise<Ok<Post<'/api/clock'>>>;
  latestPrice(symbol: string): Promise<Answer<'/api/latest/{symbol}'>>;
  stats(symbol: string): Promise<Answer<'/api/stats/{symbol}'>>;
  marketStatus(): Promise<Answer<'/api/market-status'>>;
  isTradingDay(
    query?: QueryParameters<'/api/v1/trading-calendar/is-trading-day'>,
  ): Promise<Answer<'/api/v1/trading-calendar/is-trading-day'>>;
  candlesticks(
    symbol: string,
    query?: QueryParameters<'/api/candlesticks/{symbol}'>,
  ): Promise<Answer<'/api/candlesticks/{symbol}'>>;
  performanceKpis(
    query?: QueryParameters<'/api/analytics/performance-kpis'>,
  ): Promise<Answer<'/api/analytics/performance-kpis'>>;
  riskMetrics(query?: QueryParameters<'/api/analytics/risk-metrics'>): Promise<Answer<'/api/analytics/risk-metrics'>>;
  rlMetrics(query?: QueryParameters<'/api/analytics/rl-metrics'>): Promise<Answer<'/api/analytics/rl-metrics'>>;
  sessionPnl(query?: QueryParameters<'/api/analytics/session-pnl'>): Promise<Answer<'/api/analytics/session-pnl'>>;
  marketConditions(
    query?: QueryParameters<'/api/analytics/market-conditions'>,
  ): Promise<Answer<'/api/analytics/market-conditions'>>;
  productionGates(
    query?: QueryParameters<'/api/analytics/production-gates'>,
  ): Promise<Answer<'/api/analytics/production-gates'>>;
  spreadProxy(query?: QueryParameters<'/api/analytics/spread-proxy'>): Promise<Answer<'/api/analytics/spread-proxy'>>;
  sessionProgress(
    query?: QueryParameters<'/api/analytics/session-progress'>,
  ): Promise<Answer<'/api/analytics/session-progress'>>;
  executionMetrics(
    query?: QueryParameters<'/api/analytics/execution-metrics'>,
  ): Promise<Answer<'/api/analytics/execution-metrics'>>;
}

/**
 * A client of one host, for browsers and Node ≥ 20.
 *
 * @example
 * const client = createClient({ baseUrl: 'http://localhost:8006' });
 * const { signals } = await client.latestSignals();
 */
export function createClient(options: ClientOptions = {}): Client {
  const base = (options.baseUrl ?? '').replace(/\/+$/, '');
  const send = options.fetch ?? ((...request: Parameters<typeof fetch>) => fetch(...request));

  type Method = 'GET' | 'POST' | 'DELETE';
  async function request<T>(path: string, query: object = {}, body?: unknown, method?: Method): Promise<T> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
    const url = `${base}${path}${search.size > 0 ? `?${search}` : ''}`;
    let response: Response;
    let text: string;
    try {
      response = await send(url, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(options.apiKey ? { authorization: `Bearer ${options.apiKey}` } : {}),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(options.timeout ?? 10_000),
      });
      text = await response.text();
    } catch (cause) {
      throw new ApiError(0, 'UNREACHABLE', `no answer from ${url}`, { cause });
    }
    const answer = parse(text);
    // an unhealthy host says so in the shape of health, with 503
    if (response.ok || (path === '/api/health' && isHealth(answer))) return answer as T;
    const { detail, code } = (answer ?? {}) as { detail?: string; code?: string };
    throw new ApiError(response.status, code ?? 'UNKNOWN', detail ?? `${response.status} from ${url}`);
  }
  const get = <T>(path: string, query?: object): Promise<T> => request<T>(path, query);
  const remove = <T>(path: string): Promise<T> => request<T>(path, {}, undefined, 'DELETE');
  const part = encodeURIComponent;

  return {
    health: () => get('/api/health'),
    session: () => get('/api/session'),
    login: (credentials) => request('/api/login', {}, credentials),
    logout: () => request('/api/logout', {}, {}),
    webSocketTicket: () => request('/api/ws-ticket', {}, {}),
    latestSignals: (query) => get('/api/models/signals/latest', query),
    performanceComparison: (query) => get('/api/models/performance/comparison', query),
    equityCurves: (query) => get('/api/models/equity-curves', query),
    currentPositions: (query) => get('/api/models/positions/current', query),
    pnlSummary: (query) => get('/api/models/pnl/summary', query),
    models: () => get('/api/models'),
    model: (code) => get(`/api/models/${part(code)}`),
    metrics: (code, query) => get(`/api/models/${part(code)}/metrics`, query),
    signals: (code, query) => get(`/api/models/${part(code)}/signals`, query),
    trades: (code, query) => get(`/api/models/${part(code)}/trades`, query),
    explain: (signalId) => get(`/api/signals/${signalId}/explain`),
    deliverSignal: (code, signal) => request(`/api/models/${part(code)}/signals`, {}, signal),
    risk: (query) => get('/api/risk/status', query),
    resetRisk: (code, reason) => request(`/api/risk/${part(code)}/reset`, {}, { reason }),
    alerts: (query) => get('/api/alerts', query),
    runCycle: (bar) => request('/api/cycles', {}, bar),
    backtests: (query) => get('/api/backtests', query),
    backtest: (id) => get(`/api/backtests/${part(id)}`),
    startBacktest: (asked) => request('/api/backtests', {}, asked),
    endBacktest: (id) => remove(`/api/backtests/${part(id)}`),
    jobs: (query) => get('/api/jobs', query),
    job: (id) => get(`/api/jobs/${part(id)}`),
    startJob: (asked) => request('/api/jobs', {}, asked),
    endJob: (id) => remove(`/api/jobs/${part(id)}`),
    events: (query) => get('/api/events', query),
    feeds: () => get('/api/feeds'),
    ingestBars: (rows) => request('/api/ingest/bars', {}, rows),
    ingestMacro: (rows) => request('/api/ingest/macro', {}, rows),
    clock: () => get('/api/clock'),
    commandClock: (command) => request('/api/clock', {}, command),
    latestPrice: (symbol) => get(`/api/latest/${part(symbol)}`),
    stats: (symbol) => get(`/api/stats/${part(symbol)}`),
    marketStatus: () => get('/api/market-status'),
    isTradingDay: (query) => get('/api/v1/trading-calendar/is-trading-day', query),
    candlesticks: (symbol, query) => get(`/api/candlesticks/${part(symbol)}`, query),
    performanceKpis: (query) => get('/api/analytics/performance-kpis', query),
    riskMetrics: (query) => get('/api/analytics/risk-metrics', query),
    rlMetrics: (query) => get('/api/analytics/rl-metrics', query),
    sessionPnl: (query) => get('/api/analytics/session-pnl', query),
    marketConditions: (query) => get('/api/analytics/market-conditions', query),
    productionGates: (query) => get('/api/analytics/production-gates', query),
    spreadProxy: (query) => get('/api/analytics/spread-proxy', query),
    sessionProgress: (query) => get('/api/analytics/session-progress', query),
    executionMetrics: (query) => get('/api/analytics/execution-metrics', query),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isHealth(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'database' in answer;
}
