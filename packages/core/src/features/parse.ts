import { SignalboxError } from '../errors.js';
import { Checker } from './check.js';
import { checkFeature, checkSeries, NAME } from './config-rules.js';
import type { Transforms } from './transforms.js';
import type { FeatureConfig, FeatureDefinition, SeriesDefinition, ValidateConfig } from './config.js';

/**
 * Checks a parsed feature file and fills in its defaults. Throws FEATURE_CONFIG_INVALID that names every wrong place and
 * what is allowed there. `transforms`: the engine's and those of plugins (`withTransforms`). The checks stand on their own; a host with a JSON Schema validator passes it as well.
 */
export function parseFeatureConfig(json: unknown, validate?: ValidateConfig, transforms?: Transforms): FeatureConfig {
  const check = new Checker();
  const file = check.object('', json, ['version', 'series', 'features'], ['$schema', 'notes', 'position_features']);
  if (file) {
    check.text('version', file['version'], /^[0-9]+\.[0-9]+\.[0-9]+$/, 'a version such as 1.0.0');
    check.notes('notes', file['notes']);
  }
  const series: Record<string, SeriesDefinition> = {};
  const definitions = check.record('series', file?.['series']);
  for (const [name, definition] of Object.entries(definitions ?? {})) {
    check.text(`series.${name}`, name, NAME, 'a name of a-z, 0-9 and _');
    const checked = checkSeries(check, `series.${name}`, definition);
    if (checked) series[name] = checked;
  }
  const names = new Set<string>();
  const features: FeatureDefinition[] = [];
  const own: FeatureDefinition[] = [];
  const take = (key: 'features' | 'position_features', into: FeatureDefinition[]): void => {
    const of = key === 'features' ? 'bar' : 'position';
    check.list(key, file?.[key])?.forEach((item, i) => {
      const feature = checkFeature(check, `${key}.${i}`, item, Object.keys(definitions ?? {}), of, transforms);
      if (!feature) return;
      if (names.has(feature.name)) check.problem(`${key}.${i}.name`, `"${feature.name}" is defined twice`);
      names.add(feature.name);
      into.push(feature);
    });
  };
  take('features', features);
  if (file?.['position_features'] !== undefined) take('position_features', own);
  const problems = check.problems.length > 0 ? check.problems : (validate?.(json) ?? []);
  if (problems.length > 0) {
    throw new SignalboxError(
      'FEATURE_CONFIG_INVALID',
      `feature file: ${problems.map((p) => `${p.path || 'the file'}: ${p.message}`).join('; ')}`,
      'Correct the feature file at the places named.',
    );
  }
  return {
    version: file!['version'] as string,
    series,
    features,
    position_features: own,
    ...(transforms && { transforms }),
  };
}
