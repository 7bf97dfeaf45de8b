import type { FeatureConfig } from '@signalbox/core';

/** A declaration file of the features' names: a strategy that lists its features as these does not compile with a wrong one. */
export function featureTypes({ version, features, position_features: own }: FeatureConfig): string {
  const union = (list: readonly { readonly name: string }[]): string =>
    list.length === 0 ? 'never' : list.map(({ name }) => `\n  | '${name}'`).join('');
  return `// Made by \`signalbox features types\` from version ${version} of the feature file. Make it again when the file changes.
//
//   import type { FeatureNames } from './features.js';
//   const features = ['log_ret_5m', 'rsi_9'] as const satisfies FeatureNames;
//   export default defineStrategy({ features, … });

/** A feature of a bar. */
export type BarFeatureName =${union(features)};

/** A feature of the strategy's own position. */
export type PositionFeatureName =${union(own)};

export type FeatureName = BarFeatureName | PositionFeatureName;

/** What a strategy may declare. */
export type FeatureNames = readonly FeatureName[];
`;
}
