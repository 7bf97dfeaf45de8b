import { firstChange, run } from '../run.js';
import { at, fail, pass, skip, type Case } from '../subject.js';

export const start: Case = {
  name: 'start',
  rule: 'A session that opens later says the same; one with state, once it has settled.',
  needs: ['determinism'],
  async run(subject) {
    const { tape, definition, settleBars } = subject;
    const first = tape.findIndex((row) => row.silence === null);
    const settle = definition.state ? settleBars : 0;
    const left = tape.length - first;
    if (left - settle < 20)
      return skip(`${left} bars are asked about, ${settle} of them to settle: give more bars or a smaller settleBars`);
    const whole = await run(subject, { tape });
    let compared = 0;
    for (const share of [0.17, 0.5]) {
      const from = first + Math.max(1, Math.floor((left - settle) * share));
      const late = await run(subject, { tape, from });
      const settled = late.filter(({ row }) => row.bar.time >= (tape[from + settle]?.bar.time ?? Infinity));
      const change = firstChange(whole, settled);
      if (change)
        return fail(
          `at ${at(change.time)} ${change.before}, opened ${at(tape[from]!.bar.time)} ${change.after}; declare what it keeps as state`,
        );
      compared += settled.length;
    }
    return pass(`${compared} answers the same from two later starts${settle ? `, ${settle} bars after them` : ''}`);
  },
};
