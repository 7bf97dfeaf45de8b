import type { ConfigProblem } from '../features/config.js';
import { SignalboxError } from '../errors.js';

/** Checks a value against a JSON Schema, fills in its defaults in place, and says what is wrong. */
export type ValidateSchema = (schema: object, value: unknown) => readonly ConfigProblem[];

interface AjvLike {
  compile(schema: object): ((value: unknown) => boolean) & {
    errors?: readonly { readonly instancePath: string; readonly message?: string; readonly keyword: string }[] | null;
  };
}

/** The default validator: Ajv, loaded when the kit runs, so that the engine itself needs none. */
export async function ajvValidator(): Promise<ValidateSchema> {
  let Ajv: new (options: object) => AjvLike;
  try {
    ({ Ajv } = (await import('ajv')) as never);
  } catch (cause) {
    throw new SignalboxError(
      'CONFIG_INVALID',
      'The test kit needs a JSON Schema validator, and Ajv is not installed.',
      'Run: npm install --save-dev ajv, or pass `validate` in the options.',
      { cause },
    );
  }
  return (schema, value) => {
    const check = new Ajv({ allErrors: true, useDefaults: true, strict: false }).compile(schema);
    if (check(value)) return [];
    return (check.errors ?? []).map(({ instancePath, message, keyword }) => ({
      path: instancePath,
      message: message ?? keyword,
    }));
  };
}
