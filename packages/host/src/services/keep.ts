import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { EventSource } from './dependencies.js';

export type Encoding = 'identity' | 'gzip' | 'br';

/** An answer as it goes over the wire. */
export interface KeptAnswer {
  /** Weak: a second later the same facts have another `timestamp`. */
  readonly etag: string;
  readonly type: string;
  /** Of the route, for its figures. */
  readonly route: string;
  readonly body: Buffer;
  /** Made when first asked for. */
  gzip?: Buffer;
  br?: Buffer;
}

interface Entry {
  readonly answer: KeptAnswer;
  readonly version: number;
  /** Wall milliseconds at which its building began, and how long that took. */
  readonly began: number;
  readonly took: number;
}

interface Building {
  /** Set when it begins to read. */
  version: number | undefined;
  readonly answer: Promise<KeptAnswer>;
}

export interface KeepOptions {
  /** Milliseconds that an answer may stand; 1,000 by default. 0 keeps nothing. */
  readonly maxAgeMs?: number;
  /** 64 MB by default. */
  readonly maxBytes?: number;
}

/** Answers that follow from the stored facts: one is kept until an event is published, for a second at most. */
export interface Keep {
  /** What may be sent without asking anybody. */
  fresh(key: string): KeptAnswer | undefined;
  /** The kept answer, or a new one. Whoever asks meanwhile gets the same. */
  answer(key: string, build: () => Promise<Built>): Promise<KeptAnswer>;
  /** After a change that no event tells of. */
  clear(): void;
  close(): void;
}

export interface Built {
  readonly type: string;
  readonly route: string;
  readonly text: string;
  /** Names of fields that change with time alone: they do not count for the ETag. */
  readonly passing: readonly string[];
}

const ENTRIES = 512;
/** A body costs at most a tenth of the time, however fast events come. */
const REST = 10;

export function createKeep(
  events: Pick<EventSource, 'lastSeq' | 'subscribe'>,
  { maxAgeMs = 1000, maxBytes = 64 * 1024 * 1024 }: KeepOptions = {},
): Keep {
  const entries = new Map<string, Entry>();
  const building = new Map<string, Building>();
  let version = 0;
  let seq = -1;
  let bytes = 0;
  const unsubscribe = events.subscribe((event) => {
    version++;
    seq = event.seq;
  });

  const fresh = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    return entry && entry.version === version && performance.now() - entry.began < maxAgeMs ? entry : undefined;
  };

  const forget = (key: string): void => {
    const entry = entries.get(key);
    if (!entry) return;
    entries.delete(key);
    bytes -= entry.answer.body.length;
  };

  const store = (key: string, entry: Entry): void => {
    forget(key);
    if (maxAgeMs === 0 || entry.answer.body.length > maxBytes / 2) return;
    entries.set(key, entry);
    bytes += entry.answer.body.length;
    for (const oldest of entries.keys()) {
      if (bytes <= maxBytes && entries.size <= ENTRIES) return;
      forget(oldest);
    }
  };

  const build = async (key: string, make: () => Promise<Built>, current: Building): Promise<KeptAnswer> => {
    const last = entries.get(key);
    const rest = last ? last.began + Math.min(maxAgeMs, REST * last.took) - performance.now() : 0;
    if (rest > 1) await sleep(rest);
    const began = performance.now();
    const at = (current.version = version);
    if (seq < 0) seq = Math.max(seq, await events.lastSeq());
    const number = seq;
    const { type, route, text, passing } = await make();
    const answer: KeptAnswer = { type, route, body: Buffer.from(text), etag: `W/"${number}-${digest(text, passing)}"` };
    store(key, { answer, version: at, began, took: performance.now() - began });
    return answer;
  };

  return {
    fresh: (key) => fresh(key)?.answer,
    async answer(key, make) {
      const kept = fresh(key);
      if (kept) return kept.answer;
      const under = building.get(key);
      // one that began before the newest event may lack it
      if (under && (under.version === undefined || under.version === version)) return under.answer;
      const current: { version: number | undefined; answer?: Promise<KeptAnswer> } = { version: undefined };
      const answer = build(key, make, current as Building).finally(() => {
        if (building.get(key) === current) building.delete(key);
      });
      current.answer = answer;
      building.set(key, current as Building);
      return answer;
    },
    clear() {
      version++;
      seq = -1;
    },
    close: unsubscribe,
  };
}

/** Long bodies name their window at their head. */
const HEAD = 4096;

function digest(text: string, passing: readonly string[]): string {
  const hash = createHash('sha1');
  if (passing.length === 0) return hash.update(text).digest('base64url').slice(0, 16);
  const fields = new RegExp(`"(?:${passing.join('|')})":(?:"[^"]*"|-?[0-9.]+)`, 'g');
  const head = text.length > 16 * HEAD ? text.slice(0, HEAD) : text;
  hash.update(head.replace(fields, ''));
  if (head !== text) hash.update(text.slice(HEAD));
  return hash.digest('base64url').slice(0, 16);
}

/** Below this a packet is a packet. */
const WORTH = 1024;
const LARGE = 128 * 1024;
const gzipped = promisify(gzip);
const brotlied = promisify(brotliCompress);

/** The best encoding that the reader takes and that pays. */
export function encodingFor(accepted: string | undefined, length: number): Encoding {
  if (accepted === undefined || length < WORTH) return 'identity';
  const offered = new Map(
    accepted
      .toLowerCase()
      .split(',')
      .map((part): [string, boolean] => {
        const [name = '', ...parameters] = part.split(';').map((each) => each.trim());
        return [name, !parameters.some((each) => /^q=0(\.0*)?$/.test(each))];
      }),
  );
  if (offered.get('br')) return 'br';
  return offered.get('gzip') ? 'gzip' : 'identity';
}

export function compress(body: Buffer, encoding: 'gzip' | 'br'): Promise<Buffer> {
  const large = body.length > LARGE;
  return encoding === 'gzip'
    ? gzipped(body, { level: large ? 1 : 6 })
    : brotlied(body, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: large ? 1 : 4,
          [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
        },
      });
}

/** Whether the reader has this very answer. */
export const unchanged = (given: string | undefined, etag: string): boolean =>
  given !== undefined && (given === etag || given.split(',').some((each) => opaque(each) === opaque(etag)));
const opaque = (etag: string): string => etag.trim().replace(/^W\//, '');
