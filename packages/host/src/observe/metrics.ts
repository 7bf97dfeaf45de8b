import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What the host measures of itself, as Prometheus reads it. Others register their own figures with `registry`. */
export interface Metrics {
  readonly registry: Registry;
  /** The text of `/metrics`. */
  text(): Promise<string>;
  request(service: string, route: string, method: string, status: number, seconds: number): void;
  /** A published event has reached this host; `lagSeconds` after it was recorded. */
  event(type: string, seq: number, lagSeconds: number): void;
}

export interface MetricsSources {
  /** WebSocket clients by path. */
  readonly clients: () => Readonly<Record<string, number>>;
  /** Stored bars by symbol; may reject. */
  readonly bars: () => Promise<Readonly<Record<string, number>>>;
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'signalbox_http_request_duration_seconds',
    help: 'Time from the request to the end of its answer',
    labelNames: ['service', 'route', 'method', 'status'],
    buckets: SECONDS,
    registers,
  });
  const events = new Counter({
    name: 'signalbox_events_total',
    help: 'Published events that reached this host',
    labelNames: ['type'],
    registers,
  });
  const lag = new Histogram({
    name: 'signalbox_event_relay_lag_seconds',
    help: 'Wall time from the recording of an event to its arrival over the relay',
    buckets: SECONDS,
    registers,
  });
  const newest = new Gauge({ name: 'signalbox_event_seq', help: 'Highest published seq seen', registers });
  new Gauge({
    name: 'signalbox_ws_clients',
    help: 'Open WebSocket connections',
    labelNames: ['path'],
    registers,
    collect() {
      for (const [path, count] of Object.entries(sources.clients())) this.set({ path }, count);
    },
  });
  new Gauge({
    name: 'signalbox_bars',
    help: 'Stored bars; absent while the database does not answer',
    labelNames: ['symbol'],
    registers,
    async collect() {
      this.reset();
      const counts = await sources.bars().catch(() => ({}));
      for (const [symbol, count] of Object.entries(counts)) this.set({ symbol }, count);
    },
  });
  return {
    registry,
    text: () => registry.metrics(),
    request: (service, route, method, status, seconds) =>
      requests.observe({ service, route, method, status: String(status) }, seconds),
    event(type, seq, lagSeconds) {
      events.inc({ type });
      newest.set(seq);
      lag.observe(Math.max(0, lagSeconds));
    },
  };
}
