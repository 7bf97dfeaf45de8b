import { announce } from './announce.js';
import { arrived, failed, PENDING, type Problem, type Resource } from './resource.js';
import { mergeByTime } from './sessions.js';
import type { CurveWindow, Source } from './source.js';
import type { State, Store } from './store.js';
import { streamStep, type StreamSignal } from './stream-state.js';
import { Throttle } from './throttle.js';
import { problemOf } from './problem.js';
import type { ClockAction, Explanation, Signal, StreamEvent } from './types.js';

/** Bars and signals kept on the page; the chart opens on the last two sessions of them. */
export const KEPT_BARS = 300;

const PANELS = [
  'clock',
  'models',
  'latest',
  'candles',
  'signals',
  'positions',
  'risk',
  'alerts',
  'feeds',
  'comparison',
  'curves',
] as const;
type Panel = (typeof PANELS)[number];

/** Wall milliseconds between two requests of one panel. */
const PACE: Readonly<Record<Panel, number>> = {
  clock: 1000,
  models: 1000,
  latest: 400,
  candles: 400,
  signals: 600,
  positions: 400,
  risk: 1000,
  alerts: 1000,
  feeds: 10_000,
  comparison: 2500,
  curves: 1500,
};
/** Without events everything is read again this often. */
const FALLBACK_MS = 30_000;
const SPEAK_MS = 4000;

/** Which panels an event can have changed. */
const AFFECTED: Readonly<Record<string, readonly Panel[]>> = {
  signal_update: ['latest', 'signals', 'candles', 'clock', 'models', 'curves', 'positions'],
  position_change: ['positions', 'risk', 'latest', 'signals', 'comparison', 'curves'],
  price_update: ['candles', 'clock', 'latest', 'models', 'positions', 'risk', 'curves'],
  alert: ['alerts', 'risk', 'models'],
};

/** Keeps the store in step with a host: reads once, then re-reads what the stream's events have touched. */
export class Feed {
  readonly #source: Source;
  readonly #store: Store;
  readonly #throttles = new Map<Panel, Throttle>();
  #stopListening: (() => void) | undefined;
  #fallback: ReturnType<typeof setInterval> | undefined;
  #speaker: ReturnType<typeof setTimeout> | undefined;
  #settle: ReturnType<typeof setTimeout> | undefined;
  #heard: StreamEvent[] = [];

  constructor(source: Source, store: Store) {
    this.#source = source;
    this.#store = store;
  }

  /** What a signal was decided with. Asked once, kept nowhere. */
  explain(signalId: number): Promise<Explanation> {
    return this.#source.explain(signalId);
  }

  start(): void {
    for (const panel of PANELS) this.#throttles.set(panel, new Throttle(() => this.#read(panel), PACE[panel]));
    this.refresh();
    this.#stopListening = this.#source.listen({
      connected: (seen, stands) => this.#connected(seen, stands),
      event: (event) => this.#event(event),
      gap: () => {
        // another world may begin here: nothing of the old one is merged into it
        this.#store.update(() => ({ candles: PENDING, signals: PENDING }));
        this.#stream({ kind: 'gap', at: Date.now() });
        this.refresh();
      },
      lost: () => this.#stream({ kind: 'lost', at: Date.now() }),
    });
    this.#fallback = setInterval(() => this.refresh(), FALLBACK_MS);
  }

  stop(): void {
    this.#stopListening?.();
    clearInterval(this.#fallback);
    clearTimeout(this.#speaker);
    clearTimeout(this.#settle);
    for (const throttle of this.#throttles.values()) throttle.stop();
    this.#throttles.clear();
  }

  /** Reads panels again; all of them by default. */
  refresh(panels: readonly Panel[] = PANELS): void {
    for (const panel of panels) this.#throttles.get(panel)?.ask();
  }

  showCurves(curveWindow: CurveWindow): void {
    this.#store.update(() => ({ curveWindow }));
    this.refresh(['curves']);
  }

  /** @returns what went wrong; null when the halt is lifted */
  async resetRisk(code: string, reason: string): Promise<Problem | null> {
    try {
      await this.#source.resetRisk(code, reason);
      this.refresh(['risk', 'alerts']);
      return null;
    } catch (error) {
      return problemOf(error);
    }
  }

  async command(action: ClockAction, speed?: number): Promise<Problem | null> {
    try {
      const clock = await this.#source.command(action, speed);
      this.#store.update(() => ({ clock: arrived(clock, Date.now()) }));
      return null;
    } catch (error) {
      return problemOf(error);
    }
  }

  #connected(seen: number | null, stands: number | null): void {
    const again = this.#store.get().stream.phase !== 'connecting';
    this.#stream({ kind: 'connected', seen, stands, at: Date.now() });
    if (!again) return;
    this.refresh();
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => this.#stream({ kind: 'settled', at: Date.now() }), 8000);
  }

  #event(event: StreamEvent): void {
    this.#stream({ kind: 'event', seq: event.seq, at: Date.now() });
    this.refresh(AFFECTED[event.type] ?? []);
    this.#heard.push(event);
    this.#speaker ??= setTimeout(() => {
      const announcement = announce(this.#heard);
      this.#heard = [];
      this.#speaker = undefined;
      if (announcement) this.#store.update(() => ({ announcement }));
    }, SPEAK_MS);
  }

  #stream(signal: StreamSignal): void {
    this.#store.update((state) => ({ stream: streamStep(state.stream, signal) }));
  }

  async #read(panel: Panel): Promise<void> {
    switch (panel) {
      case 'clock':
        return this.#load('clock', () => this.#source.clock());
      case 'models':
        return this.#load('models', () => this.#source.models());
      case 'latest':
        return this.#load('latest', () => this.#source.latest());
      case 'positions':
        return this.#load('positions', () => this.#source.positions());
      case 'risk':
        return this.#load('risk', () => this.#source.risk());
      case 'alerts':
        return this.#load('alerts', () => this.#source.alerts());
      case 'feeds':
        return this.#load('feeds', () => this.#source.feeds());
      case 'comparison':
        return this.#load('comparison', () => this.#source.comparison());
      case 'curves':
        return this.#load('curves', () => this.#source.curves(this.#store.get().curveWindow));
      case 'candles':
        return this.#load('candles', async () => {
          const known = this.#store.get().candles.data ?? [];
          // once the history is here, a bar's change is in the newest few; after a pause all of it is read again
          const news = await this.#source.candles(known.length === 0 ? KEPT_BARS : this.#needed(KEPT_BARS));
          return mergeByTime(known, news, (bar) => bar.time, KEPT_BARS);
        });
      case 'signals':
        return this.#load('signals', () => this.#readSignals());
    }
  }

  #needed(all: number): number {
    const { phase, gap } = this.#store.get().stream;
    return phase === 'live' && !gap ? 12 : all;
  }

  async #readSignals(): Promise<Readonly<Record<string, readonly Signal[]>>> {
    const models = this.#store.get().models.data ?? (await this.#source.models());
    const known = this.#store.get().signals.data ?? {};
    const entries = await Promise.all(
      models
        .filter((model) => model.is_active)
        .map(async ({ strategy_code: code }) => {
          const before = known[code] ?? [];
          const news = await this.#source.signals(code, before.length === 0 ? KEPT_BARS : this.#needed(KEPT_BARS));
          return [code, mergeByTime(before, news, (signal) => Date.parse(signal.bar_time), KEPT_BARS)] as const;
        }),
    );
    return Object.fromEntries(entries);
  }

  async #load<K extends Panel>(key: K, read: () => Promise<NonNullable<State[K]['data']>>): Promise<void> {
    type Held = Resource<NonNullable<State[K]['data']>>;
    try {
      const data = await read();
      this.#store.update(() => ({ [key]: arrived(data, Date.now()) }) as unknown as Partial<State>);
    } catch (error) {
      this.#store.update(
        (state) => ({ [key]: failed(state[key] as unknown as Held, problemOf(error)) }) as unknown as Partial<State>,
      );
    }
  }
}
