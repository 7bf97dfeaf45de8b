/** `YYYY-MM-DD`, UTC, of a time in epoch milliseconds: of a bar's for the market's day, of the clock's for ours. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
