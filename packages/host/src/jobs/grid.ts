import { SignalboxError } from '@signalbox/core';

export const MAX_COMBINATIONS = 500;

export type Combination = Readonly<Record<string, unknown>>;

/** Every combination of a grid's values, the last parameter running fastest. @throws PARAMETER_INVALID */
export function combinationsOf(grid: Readonly<Record<string, readonly unknown[]>>): Combination[] {
  const names = Object.keys(grid);
  const count = names.reduce((product, name) => product * grid[name]!.length, 1);
  if (names.length === 0)
    throw new SignalboxError('PARAMETER_INVALID', 'grid: names no parameter', 'Give one with its values.');
  if (count > MAX_COMBINATIONS)
    throw new SignalboxError(
      'PARAMETER_INVALID',
      `grid: ${count} combinations, ${MAX_COMBINATIONS} are allowed`,
      'Give fewer values: each trial more also makes a lucky one more likely.',
    );
  return names.reduce<Combination[]>(
    (made, name) => made.flatMap((one) => grid[name]!.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
}
