import { BAR_FIELDS } from './bar-kernel.js';
import { CALENDAR_FIELDS } from './calendar-features.js';
import { POSITION_FIELDS } from './position-features.js';
import { TRANSFORMS, type ParameterRule, type Transform, type Transforms } from './transforms.js';

const notes = { type: 'array', items: { type: 'string' } } as const;
const time = { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' } as const;
const clip = { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 } as const;

function object(required: readonly string[], properties: object, optional: object = {}): object {
  return { type: 'object', additionalProperties: false, required, properties: { ...properties, ...optional } };
}

function parameter(rule: ParameterRule): object {
  return rule.type === 'field' ? { enum: BAR_FIELDS } : rule;
}

function chainStep({ name, parameters }: Transform): object {
  return object(['name', ...Object.keys(parameters)], {
    name: { const: name },
    ...Object.fromEntries(Object.entries(parameters).map(([key, rule]) => [key, parameter(rule)])),
  });
}

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

const symbol = { type: 'string', pattern: '^[A-Z0-9]{2,12}(/[A-Z0-9]{2,12})?$' } as const;
const source = {
  oneOf: [
    object(['bar'], { bar: { enum: BAR_FIELDS } }, { symbol }),
    object(['bar'], { bar: { const: ['high', 'low', 'close'] } }, { symbol }),
    object(['calendar'], { calendar: { enum: CALENDAR_FIELDS } }),
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

function feature(from: object, steps: number, transforms: Transforms): object {
  return object(
    ['name', 'source', 'transforms', 'normalisation', 'stable_after'],
    {
      name: { type: 'string', pattern: '^[a-z][a-z0-9_]*$', maxLength: 63 },
      source: from,
      transforms: { type: 'array', minItems: steps, items: { oneOf: [...transforms.values()].map(chainStep) } },
      normalisation,
      stable_after: { type: 'integer', minimum: 0, maximum: 100000 },
    },
    { notes },
  );
}

/**
 * JSON Schema (draft 7) of `feature_config.json`, for Ajv and editors. What a schema cannot say (a chain whose steps do not
 * fit, a series that is not defined) `parseFeatureConfig` checks. `transforms`: those that a chain may name.
 */
export function featureConfigSchema(transforms: Transforms = TRANSFORMS): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'https://unpkg.com/@signalbox/core/feature_config.schema.json',
    title: 'Features of Signalbox',
    ...object(
      ['version', 'series', 'features'],
      {
        version: { type: 'string', pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+$' },
        series: { type: 'object', propertyNames: { pattern: '^[a-z][a-z0-9_]*$' }, additionalProperties: series },
        features: {
          type: 'array',
          minItems: 1,
          items: feature(source, 0, transforms),
        },
      },
      {
        $schema: { type: 'string' },
        notes,
        position_features: {
          type: 'array',
          minItems: 1,
          items: feature(object(['position'], { position: { enum: POSITION_FIELDS } }), 0, transforms),
        },
      },
    ),
  };
}

/** That of the engine's own transforms: the file `feature_config.schema.json` of this package. */
export const FEATURE_CONFIG_SCHEMA: object = featureConfigSchema();
