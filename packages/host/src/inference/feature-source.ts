import type { FeatureDefinition } from '@signalbox/core';

/** Where a feature comes from and what is done to it, in one line: `bar close → rsi 9 → 0…100 to 0…1`. */
export function describeSource({ source, transforms, normalisation }: FeatureDefinition): string {
  const steps = transforms.map(({ name, ...parameters }) => [name, ...Object.values(parameters)].join(' '));
  return [sourceOf(source), ...steps, ...normalised(normalisation)].join(' → ');
}

function sourceOf(source: FeatureDefinition['source']): string {
  if ('series' in source) return `series ${[source.series].flat().join(', ')}`;
  if ('calendar' in source) return `calendar ${source.calendar}`;
  if ('position' in source) return `position ${source.position}`;
  const of = source.symbol === undefined ? '' : ` of ${source.symbol}`;
  return `bar ${[source.bar].flat().join(', ')}${of}`;
}

function normalised(normalisation: FeatureDefinition['normalisation']): string[] {
  const { kind, clip } = normalisation;
  const scaled =
    kind === 'range'
      ? [`${normalisation.min}…${normalisation.max} to 0…1`]
      : kind === 'z_score'
        ? [`z (mean ${normalisation.mean}, sd ${normalisation.sd})`]
        : [];
  return clip ? [...scaled, `clip ${clip[0]}…${clip[1]}`] : scaled;
}
