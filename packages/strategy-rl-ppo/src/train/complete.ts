import { SignalboxError } from '@signalbox/core';
import type { Tape } from '../tape.js';
import type { Split } from './split.js';

/**
 * A training of which no bar can be asked about learns nothing, and one that is judged by such bars is not judged: neither is begun.
 * @throws SignalboxError PARAMETER_INVALID naming the features without a value
 */
export function requireComplete(
  { names, status, quality, sessions }: Pick<Tape, 'names' | 'status' | 'quality' | 'sessions'>,
  split: Split,
): void {
  for (const [part, what] of [
    ['training', 'train on'],
    ['validation', 'choose by'],
    ['held', 'judge by'],
  ] as const) {
    const known = new Set<string>();
    let complete = 0;
    for (const session of split[part])
      for (let bar = sessions[session]!; bar < sessions[session + 1]!; bar++) {
        const absent = names.filter((name, k) => {
          const has = status[bar * names.length + k] === 0;
          if (has) known.add(name);
          return !has;
        });
        // a stale bar is asked about by nobody
        if (absent.length === 0 && (quality[bar]! & 1) === 0) complete++;
      }
    if (complete > 0) continue;
    const never = names.filter((name) => !known.has(name));
    const why =
      never.length > 0 ? `they never have ${never.join(', ')}` : 'no one has all of them at once, or all are stale';
    throw new SignalboxError(
      'PARAMETER_INVALID',
      `no bar of the sessions to ${what} has all features: ${why}`,
      'Give the macro values of those days as well (--macro FILE, or signalbox ingest macro FILE), or more bars.',
    );
  }
}
