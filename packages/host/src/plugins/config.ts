import { Ajv } from 'ajv';
import { SignalboxError, type AnyStrategy } from '@signalbox/core';

/** Validates a strategy's `parameters` against its schema; defaults are filled in. Throws CONFIG_INVALID with every problem. */
export function strategyConfig(definition: Pick<AnyStrategy, 'code' | 'config'>, parameters: unknown): unknown {
  const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: false });
  const validate = ajv.compile(definition.config as object);
  const config: unknown = structuredClone(parameters ?? {});
  if (validate(config)) return config;
  const problems = (validate.errors ?? []).map((e) => {
    const place = e.instancePath || '(top)';
    const extra = e.keyword === 'additionalProperties' ? ` "${String(e.params['additionalProperty'])}"` : '';
    const allowed = e.keyword === 'enum' ? ` ${JSON.stringify(e.params['allowedValues'])}` : '';
    return `${place} ${e.message ?? e.keyword}${extra}${allowed}`;
  });
  throw new SignalboxError(
    'CONFIG_INVALID',
    `The parameters of strategy ${definition.code} do not fit its schema: ${problems.join('; ')}.`,
    `Correct dw.dim_strategy.parameters of ${definition.code}; its README lists what it takes.`,
  );
}

/** What an earlier session saved, when the strategy of today understands it: an upgrade may have another schema. */
export function savedState(
  definition: Pick<AnyStrategy, 'state'>,
  saved: unknown,
  onDropped: (why: string) => void,
): unknown {
  if (saved === undefined || saved === null) return undefined;
  if (typeof definition.state !== 'object') return saved;
  const ajv = new Ajv({ strict: false });
  const validate = ajv.compile(definition.state as object);
  if (validate(saved)) return saved;
  onDropped(`its saved state does not fit its schema any more and is not restored: ${ajv.errorsText(validate.errors)}`);
  return undefined;
}
