import type { Opinion } from '../../../strategies/opinion.js';
import { run } from '../run.js';
import { at, fail, pass, type Case } from '../subject.js';

export const opinions: Case = {
  name: 'opinions',
  rule: 'Every answer is one of the opinions, plain data, with a reason; nothing is thrown.',
  needs: ['deadline'],
  async run(subject) {
    const asked = await run(subject, { tape: subject.tape });
    const wrong = asked.filter(({ fault }) => fault !== null);
    if (wrong.length > 0)
      return fail(
        `${wrong.length} of ${asked.length} answers, first at ${at(wrong[0]!.row.bar.time)}: ${wrong[0]!.fault}`,
      );
    const mute = asked.find(({ answer }) => (answer as Opinion).reasoning.trim() === '');
    if (mute) return fail(`at ${at(mute.row.bar.time)} the reasoning is empty`);
    const counts = new Map<string, number>();
    for (const { answer } of asked) {
      const { signal } = answer as Opinion;
      counts.set(signal, (counts.get(signal) ?? 0) + 1);
    }
    const kinds = [...counts].map(([signal, n]) => `${n} ${signal}`).join(', ');
    return pass(`${asked.length} answers: ${kinds}`);
  },
};
