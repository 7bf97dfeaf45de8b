import type { Tally } from './vote.js';

/** Members, weights and scores in one line. */
export function explain({ votes, silent, answered, configured, score, consensus }: Tally): string {
  const members = votes.map(
    ({ code, weight, score: own, closes }) =>
      `${code} ${weight.toFixed(2)} × ${signed(own)}${closes ? ` (closes ${closes})` : ''}`,
  );
  const absent = silent.map(({ code, why }) => `${code} silent (${why})`);
  const parts = [...members, ...absent].join(', ') || 'no member is active';
  return `score ${signed(score, 4)}, consensus ${consensus.toFixed(4)}, weight ${answered.toFixed(2)} of ${configured.toFixed(2)}; ${parts}.`;
}

function signed(x: number, digits = 2): string {
  return `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(digits)}`;
}
