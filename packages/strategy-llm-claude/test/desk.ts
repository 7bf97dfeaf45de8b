import { askSession, FLAT, openSession, USD_COP, type AnySession, type AnyView, type Opinion } from '@signalbox/core';
import llmClaude from '../src/index.js';
import { FEATURES } from '../src/prompt.js';

export const KEY = 'sk-ant-test-5f1c9a7e3b';
/** After the default knowledge cutoff: 2026-08-03, 08:00 in Bogota. */
export const OPEN = Date.UTC(2026, 7, 3, 13);
export const BAR_MS = 300_000;

export interface Logged {
  readonly lines: string[];
  readonly faults: string[];
}

export interface Opened extends Logged {
  readonly session: AnySession;
  /** Asks as a host does; by default with 5 s of time. */
  ask(view: AnyView, milliseconds?: number, abort?: AbortSignal): Promise<Opinion>;
  /** Asks as a backtest does. */
  replay(view: AnyView): Opinion | Promise<Opinion>;
}

export async function open(
  config: object,
  options: { saved?: unknown; instrument?: typeof USD_COP } = {},
): Promise<Opened> {
  const lines: string[] = [];
  const faults: string[] = [];
  const session = await openSession(llmClaude, {
    config,
    instrument: options.instrument ?? USD_COP,
    featureHashes: {},
    saved: options.saved,
    log: (text, facts) => lines.push(`${text} ${JSON.stringify(facts)}`),
  });
  const fault = (what: string): void => void faults.push(what);
  return {
    session,
    lines,
    faults,
    ask: async (view, milliseconds = 5_000, abort = new AbortController().signal) =>
      askSession(session, view, { abort, deadline: Date.now() + milliseconds }, fault),
    replay: (view) =>
      askSession(session, view, { abort: new AbortController().signal, deadline: Number.MAX_SAFE_INTEGER }, fault),
  };
}

/** The i-th bar of a session with features that differ from bar to bar. */
export function viewOf(i: number, change: Partial<AnyView> & { time?: number } = {}): AnyView {
  const values = FEATURES.map((_, f) => Math.sin(i * 13 + f) / 10);
  const close = 4000 + i;
  return {
    bar: { time: change.time ?? OPEN + i * BAR_MS, open: close - 1, high: close + 2, low: close - 3, close, volume: 0 },
    features: Object.fromEntries(FEATURES.map((name, f) => [name, values[f]!])),
    vector: Float64Array.from(values),
    position: FLAT,
    opinions: {},
    ...change,
  };
}

export const said = (opinion: Opinion): string =>
  opinion.signal === 'none'
    ? `none (${opinion.code}): ${opinion.reasoning}`
    : `${opinion.signal}: ${opinion.reasoning}`;
