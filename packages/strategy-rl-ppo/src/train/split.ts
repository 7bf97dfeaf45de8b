import { SignalboxError } from '@signalbox/core';

/** Sessions by number: 70 % to learn, 15 % to choose, 15 % to judge, in order of time, a session left out between them. */
export interface Split {
  readonly training: readonly number[];
  readonly validation: readonly number[];
  readonly held: readonly number[];
}

export const EMBARGO = 1;
const FEWEST = 20;

/** @throws SignalboxError PARAMETER_INVALID for fewer than 20 sessions */
export function splitSessions(count: number): Split {
  if (count < FEWEST)
    throw new SignalboxError(
      'PARAMETER_INVALID',
      `${count} sessions are too few to train on and to judge by; ${FEWEST} are the least`,
      'Give more bars, or a simulated world with more --sessions.',
    );
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  const [first, second] = [Math.floor(count * 0.7), Math.floor(count * 0.85)];
  return {
    training: range(0, first),
    validation: range(first + EMBARGO, second),
    held: range(second + EMBARGO, count),
  };
}
