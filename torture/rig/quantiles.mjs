/** n, p50, p99 and the largest of a list of milliseconds; nearest rank. */
export function quantiles(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (share) => Number(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)].toFixed(1));
  return { n: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
