import type { PinnedFeature } from './manifest.js';

/** Describes a row by the inputs that lie farthest from their training mean, in standard deviations of the training rows. */
export function describeUnusual(features: readonly PinnedFeature[], count = 3): (vector: Float64Array) => string {
  const known = features
    .map(({ name, mean, sd }, column) => ({ name, column, mean: mean ?? NaN, sd: sd ?? NaN }))
    .filter(({ mean, sd }) => Number.isFinite(mean) && sd > 0);
  return (vector) => {
    const far = known
      .map(({ name, column, mean, sd }) => ({ name, value: vector[column]!, distance: (vector[column]! - mean) / sd }))
      .filter(({ distance }) => !Number.isNaN(distance))
      .sort((a, b) => Math.abs(b.distance) - Math.abs(a.distance))
      .slice(0, count);
    if (far.length === 0) return '';
    return `farthest from usual: ${far.map(({ name, value, distance }) => `${name} ${short(value)} (${sign(distance)} sd)`).join(', ')}`;
  };
}

function short(x: number): string {
  return String(Number(x.toPrecision(4)));
}

function sign(x: number): string {
  return `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(1)}`;
}
