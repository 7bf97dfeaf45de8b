import { asItIsNow, firstChange, run } from '../run.js';
import { at, fail, pass, type Case } from '../subject.js';
import { recordTape } from '../tape.js';
import { scrambleFuture } from '../worlds.js';

/** Bars that are replaced. */
const FUTURE = 30;

export const future: Case = {
  name: 'future',
  rule: 'Other bars later change nothing that was said before.',
  needs: ['determinism'],
  async run(subject) {
    const { tape, world, seat, members } = subject;
    const cut = tape.at(-Math.min(FUTURE, tape.length))!.bar.time;
    const other = recordTape({ world, seat, members, ...scrambleFuture(world, cut) });
    const past = (asked: Awaited<ReturnType<typeof run>>) => asked.filter(({ row }) => row.bar.time < cut);
    const before = past(await run(subject, { tape }));
    // twice: whoever remembers later bars from an earlier run knows them by then
    await run(subject, { tape: other });
    const after = past(await run(subject, { tape: other }));
    // leaves the strategy as it was, should its sessions share something
    await run(subject, { tape });
    const leak = firstChange(before, after);
    if (leak) return fail(`at ${at(leak.time)}, before the change: ${leak.before}, with another future ${leak.after}`);
    const repainted = firstChange(before, before.map(asItIsNow)) ?? firstChange(after, after.map(asItIsNow));
    if (repainted)
      return fail(
        `the answer of ${at(repainted.time)} was changed after it was given: ${repainted.before} became ${repainted.after}`,
      );
    return pass(`${before.length} answers unmoved by ${Math.min(FUTURE, tape.length)} other bars after them`);
  },
};
