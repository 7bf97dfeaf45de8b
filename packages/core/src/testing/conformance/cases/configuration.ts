import type { AnyStrategy } from '../../../strategies/contract.js';
import type { ValidateSchema } from '../../schema.js';
import { describe, fail, pass, type Verdict } from '../subject.js';

export const CONFIGURATION = {
  name: 'configuration',
  rule: 'The schema takes the configuration, and refuses a key that it does not know.',
} as const;

const STRANGER = 'signalbox_unknown_key';

/** The configuration with defaults filled in, or why it is none. */
export function checkConfiguration(
  definition: AnyStrategy,
  given: unknown,
  validate: ValidateSchema,
): { verdict: Verdict; config?: unknown } {
  const config: unknown = structuredClone(given ?? {});
  const schema = definition.config as object;
  try {
    const problems = validate(schema, config);
    if (problems.length > 0)
      return {
        verdict: fail(
          `it refuses ${given === undefined ? 'an empty configuration; give one in the options' : 'the configuration'}: ${problems.map(({ path, message }) => `${path || 'top'} ${message}`).join('; ')}`,
        ),
      };
    if (validate(schema, { ...(config as object), [STRANGER]: 1 }).length === 0)
      return { verdict: fail('an unknown key passes: set "additionalProperties": false in the schema'), config };
    if (validate(schema, 'no object').length === 0)
      return { verdict: fail('a text passes as configuration: set "type": "object" in the schema'), config };
  } catch (error) {
    return { verdict: fail(`its config is no JSON Schema: ${describe(error)}`) };
  }
  return { verdict: pass(`${Object.keys(config as object).length} keys, unknown ones refused`), config };
}
