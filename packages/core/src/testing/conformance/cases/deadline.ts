import type { AnySession } from '../../../strategies/contract.js';
import { isPromise } from '../../../maybe.js';
import { LATE, once, quietly, within } from '../run.js';
import { fail, pass, type Case, type Subject } from '../subject.js';
import { viewOfRow } from '../tape.js';

const QUESTIONS = 20;

export const deadline: Case = {
  name: 'deadline',
  rule: 'An answer comes before the deadline; a turn that is aborted ends, and the next bar is answered.',
  needs: ['opening'],
  async run(subject) {
    const rows = subject.tape.filter((row) => row.silence === null).slice(-QUESTIONS);
    if (rows.length === 0) return fail('no bar of the tape has all of its features: give more bars');
    const session = await subject.open();
    try {
      let slowest = 0;
      for (const row of rows) {
        const start = subject.now();
        const { fault } = await once(subject, session, viewOfRow(row), subject.deadlineMs);
        slowest = Math.max(slowest, subject.now() - start);
        if (fault?.startsWith('no answer within')) return fail(fault);
      }
      for (const when of ['before', 'during'] as const)
        if (!(await endsWhenAborted(subject, session, when)))
          return fail(
            `a turn aborted ${when === 'before' ? 'at once' : 'while it ran'} does not end within ${subject.deadlineMs} ms`,
          );
      const { fault } = await once(subject, session, viewOfRow(rows.at(-1)!), subject.deadlineMs);
      if (fault?.startsWith('no answer within')) return fail(`after an aborted turn: ${fault}`);
      return pass(`slowest of ${rows.length} answers ${slowest < 1 ? '< 1' : Math.round(slowest)} ms`);
    } finally {
      await quietly(() => session.close?.());
    }
  },
};

/** True when the turn settles, with whatever answer. */
async function endsWhenAborted(subject: Subject, session: AnySession, when: 'before' | 'during'): Promise<boolean> {
  const row = subject.tape.findLast((one) => one.silence === null)!;
  const controller = new AbortController();
  if (when === 'before') controller.abort();
  try {
    const turn = {
      abort: controller.signal,
      deadline: performance.timeOrigin + performance.now() + subject.deadlineMs,
    };
    const answer: unknown = session.onBar(viewOfRow(row), turn);
    controller.abort();
    if (!isPromise(answer)) return true;
    const settled = answer.then(
      () => true,
      () => true,
    );
    return (await within(settled, subject.deadlineMs)) !== LATE;
  } catch {
    return true; // a throw ends the turn too
  }
}
