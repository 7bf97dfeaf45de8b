import type { FeatureConfig, FeatureDefinition } from './config.js';
import { TRANSFORMS, type Transforms } from './transforms.js';

/** Raised when the engine's own rules (missing gaps, availability, normalisation) change a number. */
const ENGINE_VERSION = 1;

/** Everything that decides a feature's numbers, series and kernel versions included; notes and its name are not part. */
export function describeFeature(
  feature: FeatureDefinition,
  series: FeatureConfig['series'],
  transforms: Transforms = TRANSFORMS,
): object {
  const named = 'series' in feature.source ? [feature.source.series].flat() : [];
  return {
    engine: ENGINE_VERSION,
    source: feature.source,
    series: named.map((name) => {
      const { frequency, available, max_age_days } = series[name]!;
      return { name, frequency, available, max_age_days };
    }),
    transforms: feature.transforms.map((step) => ({ ...step, version: transforms.get(step.name)!.version })),
    normalisation: feature.normalisation,
    stable_after: feature.stable_after,
  };
}
