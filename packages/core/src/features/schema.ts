import { BAR_FIELDS } from './bar-kernel.js';
import { POSITION_FIELDS } from './position-features.js';
import { TRANSFORMS, type ParameterRule } from './transforms.js';

const notes = { type: 'array', items: { type: 'string' } } as const;
const time = { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' } as const;
const clip = { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 } as const;

function object(required: readonly string[], properties: object, optional: object = {}): object {
  return { type: 'object', additionalProperties: false, required, properties: { ...properties, ...optional } };
}

function parameter(rule: ParameterRule): object {
  return rule.type === 'field' ? { enum: BAR_FIELDS } : rule;
}

const transforms = [...TRANSFORMS.values()].map(({ name, parameters }) =>
  object(['name', ...Object.keys(parameters)], {
    name: { const: name },
    ...Object.fromEntries(Object.entries(parameters).map(([key, rule]) => [key, parameter(rule)])),
  }),
);

const series = object(
  ['frequency'],
  { frequency: { enum: ['daily', 'monthly', 'quarterly'] } },
  {
    available: {
      oneOf: [
        object(['rule'], { rule: { const: 'next_session_day' } }, { time, zone: { type: 'string' } }),
        object(
          ['rule', 'days'],
          { rule: { const: 'lag' }, days: { type: 'integer', minimum: 0, maximum: 1000 } },
          { time, zone: { type: 'string' } },
        ),
      ],
    },
    max_age_days: { type: 'integer', minimum: 1, maximum: 4000 },
    notes,
  },
);

const source = {
  oneOf: [
    object(['bar'], { bar: { enum: BAR_FIELDS } }),
    object(['bar'], { bar: { const: ['high', 'low', 'close'] } }),
    object(['series'], { series: { type: 'string' } }),
    object(['series'], { series: { type: 'array', items: { type: 'string' }, minItems: 2, maxItems: 2 } }),
  ],
};

const normalisation = {
  oneOf: [
    object(['kind'], { kind: { const: 'none' } }, { clip }),
    object(
      ['kind', 'min', 'max'],
      { kind: { const: 'range' }, min: { type: 'number' }, max: { type: 'number' } },
      { clip },
    ),
    object(
      ['kind', 'mean', 'sd'],
      { kind: { const: 'z_score' }, mean: { type: 'number' }, sd: { type: 'number', exclusiveMinimum: 0 } },
      { clip },
    ),
  ],
};

function feature(from: object, steps: number): object {
  return object(
    ['name', 'source', 'transforms', 'normalisation', 'stable_after'],
    {
      name: { type: 'string', pattern: '^[a-z][a-z0-9_]*$', maxLength: 63 },
      source: from,
      transforms: { type: 'array', minItems: steps, items: { oneOf: transforms } },
      normalisation,
      stable_after: { type: 'integer', minimum: 0, maximum: 100000 },
    },
    { notes },
  );
}

/**
 * JSON Schema (draft 7) of `feature_config.json`, for Ajv and editors. What a schema cannot say (a chain whose steps do not
 * fit, a series that is not defined) `parseFeatureConfig` checks.
 */
export const FEATURE_CONFIG_SCHEMA: object = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Features of Signalbox',
  ...object(
    ['version', 'series', 'features'],
    {
      version: { type: 'string', pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+$' },
      series: { type: 'object', propertyNames: { pattern: '^[a-z][a-z0-9_]*$' }, additionalProperties: series },
      features: {
        type: 'array',
        minItems: 1,
        items: feature(source, 1),
      },
    },
    {
      $schema: { type: 'string' },
      notes,
      position_features: {
        type: 'array',
        minItems: 1,
        items: feature(object(['position'], { position: { enum: POSITION_FIELDS } }), 0),
      },
    },
  ),
};
