import { canonicalJson } from '../../features/hash.js';
import { isPromise } from '../../maybe.js';
import type { AnySession, AnyView } from '../../strategies/contract.js';
import { opinionFault } from '../../strategies/opinion-check.js';
import type { Opinion } from '../../strategies/opinion.js';
import { describe, type Subject } from './subject.js';
import { viewOfRow, type Tape, type TapeRow } from './tape.js';

/** One question that was asked. */
export interface Asked {
  readonly row: TapeRow;
  /** The answer as canonical JSON, taken when it was given; null when it was no opinion. */
  readonly said: string | null;
  /** The answer itself, which a strategy may have changed since. */
  readonly answer: unknown;
  /** What was wrong with it. */
  readonly fault: string | null;
}

export interface RunOptions {
  readonly tape: Tape;
  readonly from?: number;
  readonly to?: number;
  /** Sees each view before the strategy does, and may replace it; what it returns is called after the answer. */
  readonly watch?: (view: AnyView, row: TapeRow) => { view: AnyView; after?: () => void };
}

/** Asks an open session about the bars of a tape that the engine would ask about. */
export async function ask(subject: Subject, session: AnySession, options: RunOptions): Promise<Asked[]> {
  const { tape, from = 0, to = tape.length, watch } = options;
  const asked: Asked[] = [];
  for (let i = from; i < to; i++) {
    const row = tape[i]!;
    if (row.silence !== null) continue;
    const seen = watch?.(viewOfRow(row), row) ?? { view: viewOfRow(row) };
    asked.push({ row, ...(await once(subject, session, seen.view, Math.max(PATIENCE_MS, subject.deadlineMs))) });
    seen.after?.();
  }
  return asked;
}

/** Opens a session, asks, closes. */
export async function run(subject: Subject, options: RunOptions): Promise<Asked[]> {
  const session = await subject.open();
  try {
    return await ask(subject, session, options);
  } finally {
    await quietly(() => session.close?.());
  }
}

/** Whether answers are in time is a case of its own; elsewhere a busy machine is no fault. */
const PATIENCE_MS = 60_000;

/** One question within a limit. */
export async function once(
  { now }: Subject,
  session: AnySession,
  view: AnyView,
  deadlineMs: number,
): Promise<Omit<Asked, 'row'>> {
  const controller = new AbortController();
  const start = now();
  const late = `no answer within ${deadlineMs} ms`;
  const turn = { abort: controller.signal, deadline: performance.timeOrigin + performance.now() + deadlineMs };
  let answer: unknown;
  try {
    answer = session.onBar(view, turn);
    if (isPromise(answer)) {
      const outcome = await within(answer, deadlineMs);
      if (outcome === LATE) {
        controller.abort();
        answer.catch(() => {});
        return { said: null, answer: null, fault: late };
      }
      answer = outcome;
    }
  } catch (error) {
    return { said: null, answer: null, fault: `it threw ${describe(error)}` };
  }
  const took = now() - start;
  if (took > deadlineMs) return { said: null, answer, fault: `${late}: it took ${Math.round(took)} ms` };
  const fault = opinionFault(answer);
  if (fault !== null) return { said: null, answer, fault };
  try {
    structuredClone(answer);
  } catch {
    return { said: null, answer, fault: 'the answer is no plain data: it cannot cross a process' };
  }
  return { said: canonicalJson(answer), answer, fault: null };
}

export const LATE = Symbol('late');

/** The promise's value, or LATE. */
export async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | typeof LATE> {
  let timer: unknown;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer as number);
  }
}

/** Clean-up that must not hide what was found. */
export async function quietly(action: () => unknown): Promise<void> {
  try {
    await action();
  } catch {
    // a case of its own looks at this
  }
}

/** The first bar at which two runs say different things; undefined when there is none. */
export function firstChange(
  before: readonly Asked[],
  after: readonly Asked[],
): { time: number; before: string; after: string } | undefined {
  const later = new Map(after.map((one) => [one.row.bar.time, one]));
  for (const one of before) {
    const other = later.get(one.row.bar.time);
    if (other && other.said !== one.said) return { time: one.row.bar.time, before: shown(one), after: shown(other) };
  }
  return undefined;
}

/** The opinion as it is at this moment, where it was given as `said`. */
export function asItIsNow(asked: Asked): Asked {
  return asked.said === null ? asked : { ...asked, said: canonicalJson(asked.answer as Opinion) };
}

export function shown({ said, fault }: Pick<Asked, 'said' | 'fault'>): string {
  const text = said ?? `nothing (${fault})`;
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
