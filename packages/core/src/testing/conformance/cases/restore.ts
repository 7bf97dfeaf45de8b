import { ask, firstChange, quietly, run } from '../run.js';
import { at, describe, fail, pass, skip, type Case, type Subject } from '../subject.js';

export const restore: Case = {
  name: 'restore',
  rule: 'Saved, closed and opened again, it goes on as if nothing had happened; the state is JSON of its schema.',
  needs: ['determinism'],
  async run(subject) {
    const { tape, definition } = subject;
    const session = await subject.open();
    await quietly(() => session.close?.());
    if (!definition.state)
      return session.save ? fail('it saves, and declares no state schema') : skip('it keeps no state');
    if (!session.save) return fail('it declares a state schema, and has no save');
    const whole = await run(subject, { tape });
    const first = tape.findIndex((row) => row.silence === null);
    for (const share of [0.1, 0.35, 0.8]) {
      const cut = first + Math.floor((tape.length - first) * share);
      const resumed = await resumeAt(subject, cut);
      if ('problem' in resumed) return fail(`saved at ${at(tape[cut]!.bar.time)}: ${resumed.problem}`);
      const change = firstChange(whole, resumed.asked);
      if (change)
        return fail(
          `saved at ${at(tape[cut]!.bar.time)}: at ${at(change.time)} ${change.after} instead of ${change.before}`,
        );
    }
    return pass('restored three times, the rest said the same');
  },
};

async function resumeAt(subject: Subject, cut: number) {
  const { tape, validate, definition } = subject;
  const before = await subject.open();
  await ask(subject, before, { tape, to: cut });
  let state: unknown;
  try {
    state = before.save!();
    const text = JSON.stringify(state);
    if (text === undefined) return { problem: 'save returned no JSON value' };
    state = JSON.parse(text);
  } catch (error) {
    return { problem: `save failed: ${describe(error)}` };
  } finally {
    await quietly(() => before.close?.());
  }
  const [wrong] = validate(definition.state as object, structuredClone(state));
  if (wrong) return { problem: `its state does not fit its schema: ${wrong.path || 'top'} ${wrong.message}` };
  let after;
  try {
    after = await subject.open({ saved: state });
  } catch (error) {
    return { problem: `create rejected its own state: ${describe(error)}` };
  }
  const asked = await ask(subject, after, { tape, from: cut });
  await quietly(() => after.close?.());
  return { asked };
}
