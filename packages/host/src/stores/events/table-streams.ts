import type { Pool } from 'pg';
import type { EventFeed } from './feed.js';
import { STREAMS, type EventStreams, type StreamEntry, type StreamName } from './stream.js';

/** The streams as the event table keeps them: what is there without Redis. */
export function openTableStreams(pool: Pool, feed: EventFeed): EventStreams {
  const entriesAfter = async (stream: StreamName, since: number, limit: number): Promise<StreamEntry[]> => {
    const { rows } = await pool.query<StreamEntry>(
      'SELECT seq, payload FROM dw.events WHERE type = $1 AND seq > $2 ORDER BY seq LIMIT $3',
      [STREAMS[stream], since, limit],
    );
    return rows;
  };
  const closing = new Set<() => void>();
  return {
    async read(stream, since, limit) {
      const entries = await entriesAfter(stream, since, limit);
      const oldest = (await feed.oldestSeq()) ?? (await feed.lastSeq()) + 1;
      return { entries, gap: since < oldest - 1 };
    },
    async group(stream, name, from = 'newest') {
      const { rows } = await pool.query<{ acknowledged: number }>(
        `INSERT INTO dw.stream_groups AS g (stream, name, acknowledged) VALUES ($1, $2, $3)
         ON CONFLICT (stream, name) DO UPDATE SET acknowledged = g.acknowledged RETURNING acknowledged`,
        [stream, name, from === 'newest' ? await feed.lastSeq() : 0],
      );
      let delivered = rows[0]!.acknowledged;
      let wake = (): void => {};
      let closed = false;
      const unsubscribe = feed.subscribe((event) => {
        if (event.type === STREAMS[stream]) wake();
      });
      const close = (): void => {
        closed = true;
        unsubscribe();
        wake();
        closing.delete(close);
      };
      closing.add(close);
      return {
        async next(limit, waitMs) {
          for (const until = performance.now() + waitMs; !closed;) {
            let timer: NodeJS.Timeout | undefined;
            // armed before the look, so that what comes between the two is not missed
            const woken = new Promise<void>((resolve) => {
              wake = resolve;
              timer = setTimeout(resolve, Math.max(0, until - performance.now()));
            });
            const entries = await entriesAfter(stream, delivered, limit);
            if (entries.length === 0 && performance.now() < until) await woken;
            clearTimeout(timer);
            if (entries.length > 0) {
              delivered = entries[entries.length - 1]!.seq;
              return entries;
            }
            if (performance.now() >= until) break;
          }
          return [];
        },
        async acknowledge(seq) {
          await pool.query(
            'UPDATE dw.stream_groups SET acknowledged = greatest(acknowledged, $3) WHERE stream = $1 AND name = $2',
            [stream, name, seq],
          );
        },
        close: () => Promise.resolve(close()),
      };
    },
    close: () => Promise.resolve([...closing].forEach((close) => close())),
  };
}
