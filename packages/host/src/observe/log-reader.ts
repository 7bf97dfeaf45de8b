import { createReadStream, existsSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOG_FILES } from './log-file.js';

/** One line of a log. PostgreSQL writes text: it has neither level nor facts of its own. */
export interface LogLine {
  readonly service: string;
  /** Wall time; null where the line says none. */
  readonly time: string | null;
  readonly level: LogLevel | null;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogFilter {
  /** Wall time, epoch milliseconds; lines without a time go with those before them. */
  readonly since?: number;
  readonly level?: LogLevel;
}

const LEVEL_OF: Readonly<Record<number, LogLevel>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
const POSTGRES = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d+) UTC \[\d+\] (\w+): {2}(.*)$/s;
const POSTGRES_LEVEL: Readonly<Record<string, LogLevel>> = {
  LOG: 'info',
  WARNING: 'warn',
  ERROR: 'error',
  FATAL: 'fatal',
  PANIC: 'fatal',
};

/** A line as it stands in the file; one that is no line of ours is a message. */
export function parseLine(service: string, text: string): LogLine {
  if (text.startsWith('{')) {
    try {
      const { level, time, msg, ...facts } = JSON.parse(text) as Record<string, unknown>;
      const fault = facts['err'] as { message?: unknown } | undefined;
      return {
        service,
        time: typeof time === 'string' ? time : null,
        level: LEVEL_OF[level as number] ?? null,
        message: String(msg ?? fault?.message ?? ''),
        facts,
      };
    } catch {
      // a line that a full disk cut off
    }
  }
  const [, day, clock, severity, message] = POSTGRES.exec(text) ?? [];
  if (severity === undefined) return { service, time: null, level: null, message: text, facts: {} };
  return {
    service,
    time: `${day}T${clock}Z`,
    level: POSTGRES_LEVEL[severity] ?? null,
    message: message!,
    facts: {},
  };
}

/** The newest lines of a log that pass, oldest first; files that were turned over are read only as far as needed. */
export async function readLog(service: string, path: string, filter: LogFilter, most: number): Promise<LogLine[]> {
  let lines: LogLine[] = [];
  for (let n = 0; n < LOG_FILES && lines.length < most; n++) {
    const file = n === 0 ? path : `${path}.${n}`;
    const found = statSync(file, { throwIfNoEntry: false });
    if (!found || (filter.since !== undefined && found.mtimeMs < filter.since)) continue;
    const kept: LogLine[] = [];
    const passes = passing(filter);
    for await (const text of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
      const line = parseLine(service, text);
      if (text !== '' && passes(line)) kept.push(line);
      // a ring would be cheaper by nothing that matters; what is held is bounded all the same
      if (kept.length > 2 * most) kept.splice(0, kept.length - most);
    }
    lines = [...kept, ...lines];
  }
  return lines.slice(-most);
}

/** Lines as they are written from now on, until the signal; it follows the log over to its next file. */
export async function* followLog(
  service: string,
  path: string,
  filter: LogFilter,
  signal: AbortSignal,
  pollMs = 250,
): AsyncGenerator<LogLine> {
  const passes = passing(filter);
  let from = existsSync(path) ? statSync(path) : undefined;
  let position = from?.size ?? 0;
  while (!signal.aborted) {
    const now = statSync(path, { throwIfNoEntry: false });
    if (now && now.ino !== from?.ino && from) {
      // what was written before it was turned over
      yield* lines((await tail(`${path}.1`, position)).text);
      position = 0;
    }
    if (now) {
      from = now;
      const read = await tail(path, position);
      position = read.end;
      yield* lines(read.text);
    }
    await sleep(pollMs, undefined, { signal }).catch(() => {});
  }

  function* lines(text: string): Generator<LogLine> {
    for (const one of text.split('\n')) {
      const line = parseLine(service, one);
      if (one !== '' && passes(line)) yield line;
    }
  }
}

async function tail(path: string, from: number): Promise<{ text: string; end: number }> {
  const file = await open(path).catch(() => undefined);
  if (!file) return { text: '', end: from };
  try {
    const { size } = await file.stat();
    if (size <= from) return { text: '', end: Math.min(from, size) };
    // a flood is followed in steps; a cut inside a character cannot be: lines end in ASCII, and the rest is kept
    const bytes = Buffer.alloc(Math.min(size - from, 1_000_000));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    const end = bytes.subarray(0, bytesRead).lastIndexOf(10) + 1;
    return { text: bytes.toString('utf8', 0, end), end: from + end };
  } finally {
    await file.close();
  }
}

function passing({ since, level }: LogFilter): (line: LogLine) => boolean {
  const least = level === undefined ? -1 : LOG_LEVELS.indexOf(level);
  let before = true;
  return (line) => {
    if (line.time === null && line.level === null) return before;
    before =
      (since === undefined || (line.time !== null && Date.parse(line.time) >= since)) &&
      (line.level === null || LOG_LEVELS.indexOf(line.level) >= least);
    return before;
  };
}
