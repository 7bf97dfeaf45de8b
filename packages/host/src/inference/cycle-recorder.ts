import type { Pool } from 'pg';
import type { EventSource } from '../services/dependencies.js';
import { storeTimings, type DecisionTiming } from '../stores/postgres/cycles.js';
import { withFence, type Fence } from '../stores/postgres/fence.js';

/** When one strategy's part of a bar was made; times of `performance.now()`. */
export interface Decided {
  readonly strategyId: number;
  readonly asked: number | null;
  readonly answered: number | null;
  readonly committed: number;
  /** Null without a signal. */
  readonly signalId: number | null;
}

/** Measures live cycles, from noticing the stored bar to the publication of each signal, and stores what it measured. */
export interface CycleRecorder {
  /** `noticed`: `performance.now()` at which the stored bar came to the host's notice. Does not wait. */
  record(bar: { readonly barTime: number; readonly noticed: number; readonly decided: readonly Decided[] }): void;
  /** Stores what is still waited for. */
  stop(): Promise<void>;
}

/** What is not published by then is stored without that figure. */
const PATIENCE_MS = 3_000;
/** Publications that are remembered: one may be heard of before its commit is. */
const REMEMBERED = 500;

export function openCycleRecorder(options: {
  readonly pool: Pool;
  readonly symbol: string;
  readonly events: Pick<EventSource, 'subscribe'>;
  readonly fence: Fence | null;
  readonly onError: (error: unknown) => void;
  readonly patienceMs?: number;
}): CycleRecorder {
  const { pool, symbol, events, fence, onError, patienceMs = PATIENCE_MS } = options;
  const published = new Map<number, number>();
  const waiting = new Set<() => void>();
  const unsubscribe = events.subscribe(({ type, payload }) => {
    if (type !== 'signal_update') return;
    const { signal_id: id } = payload as { signal_id?: number };
    if (id === undefined) return;
    published.set(id, performance.now());
    if (published.size > REMEMBERED) published.delete(published.keys().next().value!);
    for (const look of [...waiting]) look();
  });
  const running = new Set<Promise<void>>();
  let finishAll = false;

  const allPublished = (ids: readonly number[]): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!finishAll && !ids.every((id) => published.has(id))) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(look);
        resolve();
      }, patienceMs);
      waiting.add(look);
      look();
    });

  return {
    record({ barTime, noticed, decided }) {
      const work = (async () => {
        await allPublished(decided.flatMap(({ signalId }) => (signalId === null ? [] : [signalId])));
        const since = (t: number | null | undefined): number | null =>
          t === null || t === undefined ? null : Math.round((t - noticed) * 1000) / 1000;
        const rows = decided.map((one): DecisionTiming => ({
          strategyId: one.strategyId,
          askedAt: one.asked === null ? null : performance.timeOrigin + one.asked,
          answeredMs: since(one.answered),
          committedMs: since(one.committed)!,
          publishedMs: one.signalId === null ? null : since(published.get(one.signalId)),
        }));
        const bar = { symbol, barTime, noticedAt: performance.timeOrigin + noticed };
        await withFence(pool, fence, (client) => storeTimings(client, bar, rows));
      })().catch(onError);
      running.add(work);
      void work.finally(() => running.delete(work));
    },
    async stop() {
      finishAll = true;
      for (const look of [...waiting]) look();
      await Promise.all(running);
      unsubscribe();
    },
  };
}
