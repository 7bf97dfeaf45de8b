import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { SignalboxError } from '@signalbox/core';
import type { TObject, TSchema } from '@sinclair/typebox';

const ajv = new Ajv2020({ strict: true, strictTypes: false, useDefaults: true, allErrors: false });
// `ajv-formats` is CommonJS: its default export is the function or holds it
const addFormats = formats as unknown as { default?: (a: Ajv2020) => void } & ((a: Ajv2020) => void);
(addFormats.default ?? addFormats)(ajv);

export type Check = (given: Readonly<Record<string, string | string[] | undefined>>) => unknown;

/**
 * Checks path or query parameters: text becomes the number or boolean that the schema wants, defaults are filled in, an
 * empty value counts as absent. @throws PARAMETER_INVALID naming the parameter
 */
export function parameters(schema: TObject): Check {
  const validate = ajv.compile(schema);
  return (given) => {
    const parsed: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(given)) {
      if (value === undefined || value === '') continue;
      if (Array.isArray(value)) throw invalid(name, 'is given more than once', 'Give it once.');
      refuseNul(value, name);
      parsed[name] = parse(value, schema.properties[name]);
    }
    if (!validate(parsed)) throw refused(validate.errors, Object.keys(schema.properties));
    return parsed;
  };
}

/** Strictly: no `0x10`, no `1e3`, no spaces. What does not parse stays text, and fails. */
function parse(value: string, schema: TSchema | undefined): unknown {
  if (schema?.['type'] === 'integer' && /^-?\d{1,16}$/.test(value)) return Number(value);
  if (schema?.['type'] === 'number' && /^-?\d{1,15}(\.\d{1,15})?$/.test(value)) return Number(value);
  if (schema?.['type'] === 'boolean' && /^(true|false)$/.test(value)) return value === 'true';
  return value;
}

/** Checks a JSON body. @throws PARAMETER_INVALID naming the field */
export function body(schema: TSchema): (given: unknown) => unknown {
  const validate = ajv.compile(schema);
  return (given) => {
    if (!validate(given)) throw refused(validate.errors, Object.keys(schema['properties'] ?? {}));
    return given;
  };
}

/** PostgreSQL's texts hold no NUL: one would be a fault inside wherever it gets to. @throws PARAMETER_INVALID naming the place */
export function refuseNul(value: unknown, place = 'body'): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw invalid(place, 'holds a NUL character', 'Leave it out.');
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, each] of Object.entries(value)) {
      refuseNul(name, place);
      refuseNul(each, place === 'body' ? name : `${place}.${name}`);
    }
  }
}

/** Checks an answer against its own schema; for tests. Throws what does not fit. */
export function answer(schema: TSchema): (given: unknown) => void {
  const validate: ValidateFunction = ajv.compile(schema);
  return (given) => {
    if (validate(given)) return;
    const [first] = validate.errors ?? [];
    const extra = first?.keyword === 'additionalProperties' ? ` ${first.params['additionalProperty']}` : '';
    throw new TypeError(`the answer does not fit its schema: ${first?.instancePath || '/'} ${first?.message}${extra}`);
  };
}

function refused(errors: ErrorObject[] | null | undefined, known: readonly string[]): SignalboxError {
  const [error] = errors ?? [];
  if (error?.keyword === 'additionalProperties') {
    const remedy = known.length > 0 ? `Known here: ${known.join(', ')}.` : 'This route takes none.';
    return invalid(String(error.params['additionalProperty']), 'is not a parameter of this route', remedy);
  }
  if (error?.keyword === 'required') return invalid(String(error.params['missingProperty']), 'is missing', 'Give it.');
  const name = error?.instancePath.slice(1).replaceAll('/', '.') || 'body';
  if (error?.keyword === 'enum') {
    return invalid(
      name,
      `must be one of ${(error.params['allowedValues'] as string[]).join(', ')}`,
      'Use one of these.',
    );
  }
  return invalid(name, error?.message ?? 'is invalid', 'See /openapi.json.');
}

const invalid = (name: string, problem: string, remedy: string): SignalboxError =>
  new SignalboxError('PARAMETER_INVALID', `${name}: ${problem}`, remedy);
