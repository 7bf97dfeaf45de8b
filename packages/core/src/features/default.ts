import json from '../../feature_config.json' with { type: 'json' };
import type { FeatureConfig } from './config.js';
import { parseFeatureConfig } from './parse.js';

/** The features that ship with the engine: `feature_config.json` of this package, checked. */
export function defaultFeatures(): FeatureConfig {
  return parseFeatureConfig(json);
}
