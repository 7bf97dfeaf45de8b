import { ask } from '../run.js';
import { describe, fail, pass, type Case } from '../subject.js';

export const closing: Case = {
  name: 'closing',
  rule: 'close may be called twice, before any bar too, and another session opens after it.',
  needs: ['deadline'],
  async run(subject) {
    const { tape } = subject;
    const last = tape.findLastIndex((row) => row.silence === null);
    for (const bars of [0, 1]) {
      const session = await subject.open();
      if (bars > 0 && last >= 0) await ask(subject, session, { tape, from: last, to: last + 1 });
      for (const time of ['the first', 'the second']) {
        try {
          await session.close?.();
        } catch (error) {
          return fail(`${time} close ${bars === 0 ? 'before any bar ' : ''}threw ${describe(error)}`);
        }
      }
    }
    try {
      const again = await subject.open();
      await again.close?.();
    } catch (error) {
      return fail(`after a close it does not open again: ${describe(error)}`);
    }
    return pass('closed twice, opened again');
  },
};
