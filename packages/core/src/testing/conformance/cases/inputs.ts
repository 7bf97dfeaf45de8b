import type { AnyView } from '../../../strategies/contract.js';
import { run } from '../run.js';
import { at, fail, pass, type Case } from '../subject.js';

const PARTS = ['bar', 'features', 'vector', 'position', 'opinions'] as const;

export const inputs: Case = {
  name: 'inputs',
  rule: 'It leaves bar, features, vector, position, opinions, configuration and artifacts as they are.',
  needs: ['deadline'],
  async run(subject) {
    const { config, artifacts } = subject;
    const configBefore = JSON.stringify(config);
    const bytesBefore = Object.entries(artifacts).map(([name, { bytes }]) => [name, bytes.slice()] as const);
    let changed: string | undefined;
    await run(subject, {
      tape: subject.tape,
      watch(view, { bar: { time } }) {
        const before = structuredClone(view) as AnyView;
        const after = (): void => {
          const part = PARTS.find((name) => !same(view[name], before[name]));
          if (part) changed ??= `${part} was changed at ${at(time)}`;
        };
        return { view, after };
      },
    });
    if (JSON.stringify(config) !== configBefore) changed ??= 'its configuration was changed';
    for (const [name, bytes] of bytesBefore)
      if (!same(artifacts[name]!.bytes, bytes)) changed ??= `the bytes of artifact ${name} were changed`;
    return changed ? fail(changed) : pass('unchanged after every answer');
  },
};

/** Equal as data; NaN equals NaN. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}
