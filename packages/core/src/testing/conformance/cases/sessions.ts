import { ask, firstChange, quietly, run, type Asked } from '../run.js';
import { at, fail, pass, type Case } from '../subject.js';
import { recordTape } from '../tape.js';
import { otherWorld } from '../worlds.js';

export const sessions: Case = {
  name: 'sessions',
  rule: 'Two sessions side by side do not touch each other.',
  needs: ['determinism'],
  async run(subject) {
    const { tape, seat, members } = subject;
    const beside = recordTape({ world: otherWorld(subject.world), seat, members });
    const alone = await run(subject, { tape });
    const one = await subject.open();
    const two = await subject.open();
    const together: Asked[] = [];
    for (let i = 0; i < tape.length; i++) {
      if (beside[i]) await ask(subject, two, { tape: beside, from: i, to: i + 1 });
      together.push(...(await ask(subject, one, { tape, from: i, to: i + 1 })));
    }
    for (const session of [one, two]) await quietly(() => session.close?.());
    const change = firstChange(alone, together);
    if (change)
      return fail(
        `at ${at(change.time)} alone ${change.before}, beside another session ${change.after}; keep state in create's closure`,
      );
    return pass(`${together.length} answers the same beside another session`);
  },
};
