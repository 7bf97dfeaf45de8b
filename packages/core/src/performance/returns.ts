/** Simple return of each value over the one before it, as fractions: one less than there are values. */
export function returnsOf(values: readonly number[]): number[] {
  const returns: number[] = [];
  for (let i = 1; i < values.length; i++) returns.push(values[i]! / values[i - 1]! - 1);
  return returns;
}
