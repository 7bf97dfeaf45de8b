import { firstChange, run } from '../run.js';
import { at, fail, pass, type Case } from '../subject.js';

export const determinism: Case = {
  name: 'determinism',
  rule: 'Two sessions over the same bars say the same.',
  needs: ['opinions'],
  async run(subject) {
    const first = await run(subject, { tape: subject.tape });
    const second = await run(subject, { tape: subject.tape });
    const change = firstChange(first, second);
    if (change)
      return fail(`at ${at(change.time)} first ${change.before}, then ${change.after}; use the context's random`);
    return pass(`${first.length} answers the same twice`);
  },
};
