import type { AnyView } from '../../../strategies/contract.js';
import { run } from '../run.js';
import { at, fail, pass, type Case } from '../subject.js';

export const declared: Case = {
  name: 'declared',
  rule: 'It reads no feature and no member that it does not declare.',
  needs: ['deadline'],
  async run(subject) {
    const { tape, definition, members } = subject;
    const foreign = new Map<string, number>();
    const guard = (values: object, names: readonly string[], what: string, time: number) =>
      new Proxy(values, {
        get(target, key, receiver) {
          if (typeof key === 'string' && !names.includes(key) && !(key in Object.prototype) && !ORDINARY.has(key))
            if (!foreign.has(`${what} ${key}`)) foreign.set(`${what} ${key}`, time);
          return Reflect.get(target, key, receiver) as unknown;
        },
      });
    await run(subject, {
      tape,
      watch: (view, { bar: { time } }) => ({
        view: {
          ...view,
          features: guard(view.features, definition.features, 'feature', time) as AnyView['features'],
          opinions: guard(view.opinions, members, 'opinion of', time) as AnyView['opinions'],
        },
      }),
    });
    if (foreign.size > 0)
      return fail([...foreign].map(([what, time]) => `${what} read at ${at(time)}`).join('; ') + ': declare it');
    return pass(`reads only ${definition.features.length > 0 ? 'its features' : 'its members'}`);
  },
};

/** What printing and awaiting look for. */
const ORDINARY = new Set(['toJSON', 'then', 'inspect']);
