import { SignalboxError } from '@signalbox/core';
import { expect, it } from 'vitest';
import type { ModelRegistry } from '../models/registry.js';
import { checkEach } from './models.js';

const { signal } = new AbortController();
const failing = (code: ConstructorParameters<typeof SignalboxError>[0]): Pick<ModelRegistry, 'check'> => ({
  check: (strategy, version) =>
    version === 2
      ? Promise.reject(new SignalboxError(code, 'no', 'do'))
      : Promise.resolve({ code: strategy, version } as Awaited<ReturnType<ModelRegistry['check']>>),
});

it('a version that is refused, or that the strategy cannot open here, keeps no other from being verified', async () => {
  const of = async (code: 'MODEL_MALFORMED' | 'STRATEGY_UNAVAILABLE') =>
    (await checkEach(failing(code), 'X', [1, 2, 3], signal)).map(({ version, problem, state }) => [
      version,
      (problem as { code: string } | null)?.code ?? null,
      state,
    ]);
  expect(await of('MODEL_MALFORMED')).toEqual([
    [1, null, undefined],
    [2, 'MODEL_MALFORMED', 'refused'],
    [3, null, undefined],
  ]);
  expect((await of('STRATEGY_UNAVAILABLE'))[1]).toEqual([2, 'STRATEGY_UNAVAILABLE', 'unverified']);
});

it('a store that is down ends the verification: nothing was found out about the model', async () => {
  await expect(checkEach(failing('ARTIFACT_STORE_DOWN'), 'X', [1, 2], signal)).rejects.toMatchObject({
    code: 'ARTIFACT_STORE_DOWN',
  });
});
