import type { Redis } from 'ioredis';
import type { EventStreams, StreamEntry, StreamGroup, StreamName } from '../events/stream.js';
import { ownerKey, STREAM_LENGTH } from './append.js';
import { connected, openRedis, redisError, type RedisAddress } from './connection.js';

type Raw = [id: string, fields: string[]];

const PAGE = 500;
const BLOCK_MS = 1_000;
const CONSUMER = 'signalbox';

/** Undefined for what others have written: an entry without a `seq` is no fact. */
function entryOf(fields: readonly string[]): StreamEntry | undefined {
  const value = (name: string): string | undefined => {
    for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
    return undefined;
  };
  const seq = value('seq');
  if (seq === undefined || !/^\d+$/.test(seq)) return undefined;
  try {
    return { seq: Number(seq), payload: JSON.parse(value('payload') ?? '{}') as StreamEntry['payload'] };
  } catch {
    return undefined;
  }
}

/** The streams as Redis keeps them. */
export function openRedisStreams(address: RedisAddress): EventStreams {
  const redis = openRedis(address);
  const groups = new Set<StreamGroup>();
  const ask = async <T>(work: (client: Redis) => Promise<T>): Promise<T> => {
    try {
      return await work(await connected(redis));
    } catch (error) {
      throw redisError(error);
    }
  };
  return {
    read: (stream, since, limit) =>
      ask(async (client) => {
        const found: StreamEntry[] = [];
        let reached = false;
        for (let before = '+'; !reached;) {
          const rows = (await client.xrevrange(stream, before, '-', 'COUNT', PAGE)) as Raw[];
          for (const [id, fields] of rows) {
            if (id === before) continue; // the last one of the page before
            const entry = entryOf(fields);
            if (entry && entry.seq <= since) {
              reached = true;
              break;
            }
            if (entry) found.push(entry);
          }
          if (rows.length < PAGE) break;
          before = rows[rows.length - 1]![0];
        }
        const entries = found.reverse().slice(0, limit);
        return { entries, gap: !reached && (await cut(client, stream, since)) };
      }),
    async group(stream, name, from = 'newest') {
      const group = await openGroup(address, stream, name, from);
      groups.add(group);
      return group;
    },
    async close() {
      redis.disconnect();
      await Promise.all([...groups].map((group) => group.close()));
    },
  };
}

/** Nothing at or before `since` is kept: whether something after it may have been there and is gone. */
async function cut(client: Redis, stream: StreamName, since: number): Promise<boolean> {
  if (since < Number((await client.hget(ownerKey(stream), 'from')) ?? 0)) return true;
  if ((await client.exists(stream)) === 0) return false;
  const about = (await client.xinfo('STREAM', stream)) as (string | number)[];
  const of = (name: string): number => Number(about[about.indexOf(name) + 1]);
  return about.includes('entries-added') ? of('entries-added') > of('length') : of('length') >= STREAM_LENGTH;
}

async function openGroup(
  address: RedisAddress,
  stream: StreamName,
  name: string,
  from: 'newest' | 'oldest',
): Promise<StreamGroup> {
  const redis = openRedis(address, { blockMs: BLOCK_MS }); // a blocking reader has its own
  const delivered = new Map<string, number>();
  let acknowledged = -1;
  let again = true; // what a reader before left unacknowledged comes first
  let closed = false;

  const create = async (place: string): Promise<void> => {
    await redis.xgroup('CREATE', stream, name, place, 'MKSTREAM').catch((error: Error) => {
      if (!error.message.startsWith('BUSYGROUP')) throw error;
    });
  };
  try {
    await connected(redis);
    await create(from === 'newest' ? '$' : '0');
  } catch (error) {
    redis.disconnect();
    throw redisError(error);
  }

  const fetch = async (limit: number, block: number): Promise<Raw[]> => {
    const head = ['GROUP', name, CONSUMER, 'COUNT', limit] as const;
    const answer = (
      again
        ? await redis.xreadgroup(...head, 'STREAMS', stream, [...delivered.keys()].at(-1) ?? '0')
        : block > 0
          ? await redis.xreadgroup(...head, 'BLOCK', block, 'STREAMS', stream, '>')
          : await redis.xreadgroup(...head, 'STREAMS', stream, '>')
    ) as [string, Raw[]][] | null;
    return answer?.[0]?.[1] ?? [];
  };

  return {
    async next(limit, waitMs) {
      for (const until = performance.now() + waitMs; !closed;) {
        let rows: Raw[];
        try {
          await connected(redis);
          rows = await fetch(limit, Math.ceil(Math.min(BLOCK_MS, until - performance.now())));
        } catch (error) {
          if (closed) return [];
          if ((error as Error).message.startsWith('NOGROUP')) {
            // the group went with the stream: everything comes again, and what was acknowledged is passed over
            await create('0').catch((failure: unknown) => {
              throw redisError(failure);
            });
            delivered.clear();
            again = false;
            continue;
          }
          // a reply that never comes: a fresh connection, and what it may have handed out is asked for again
          if (/Command timed out/.test((error as Error).message) && redis.status === 'ready') redis.disconnect(true);
          again = true;
          throw redisError(error);
        }
        if (again && rows.length === 0) {
          again = false;
          continue;
        }
        const entries: StreamEntry[] = [];
        const done: string[] = [];
        for (const [id, fields] of rows) {
          const entry = fields === null ? undefined : entryOf(fields); // null: trimmed while it was pending
          if (!entry || entry.seq <= acknowledged) done.push(id);
          else {
            delivered.set(id, entry.seq);
            entries.push(entry);
          }
        }
        if (done.length > 0) await redis.xack(stream, name, ...done);
        if (entries.length > 0) return entries;
        if (rows.length === 0 && performance.now() >= until) break;
      }
      return [];
    },
    async acknowledge(seq) {
      const ids = [...delivered].filter(([, own]) => own <= seq).map(([id]) => id);
      try {
        await connected(redis);
        if (ids.length > 0) await redis.xack(stream, name, ...ids);
      } catch (error) {
        throw redisError(error);
      }
      acknowledged = Math.max(acknowledged, seq);
      for (const id of ids) delivered.delete(id);
    },
    close() {
      closed = true;
      redis.disconnect();
      return Promise.resolve();
    },
  };
}
