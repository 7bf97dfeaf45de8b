import { run } from '../run.js';
import { at, fail, pass, type Case, type Subject } from '../subject.js';
import { recordTape, type Tape } from '../tape.js';
import { dropBars } from '../worlds.js';

export const missing: Case = {
  name: 'missing',
  rule: 'With bars dropped, and with any feature missing that it accepts, its answers stay opinions.',
  needs: ['opinions'],
  async run(subject) {
    const { world, seat, members, definition } = subject;
    // from the first bar on, with the features that are missing while the engine warms up
    const tape = recordTape({ world, seat, members });
    const gaps = recordTape({ world, seat, members, bars: dropBars(world) });
    const found = await faultIn(subject, gaps, 'with bars dropped');
    if (found) return fail(found);
    const accepted = definition.acceptsMissing ?? [];
    for (const name of accepted) {
      const wrong = await faultIn(subject, without(subject, tape, name), `without ${name}`);
      if (wrong) return fail(wrong);
    }
    const silent = gaps.filter(({ silence }) => silence !== null).length;
    return pass(
      `${accepted.length > 0 ? `well without ${accepted.join(', ')}; ` : ''}of ${gaps.length} bars with gaps ${silent} not asked about`,
    );
  },
};

async function faultIn(subject: Subject, tape: Tape, when: string): Promise<string | undefined> {
  const wrong = (await run(subject, { tape })).find(({ fault }) => fault !== null);
  return wrong && `${when}, at ${at(wrong.row.bar.time)}: ${wrong.fault}`;
}

function without({ seat }: Subject, tape: Tape, name: string): Tape {
  const at = seat.features.indexOf(name);
  return tape.map((row) => ({
    ...row,
    features: { ...row.features, [name]: NaN },
    vector: row.vector.map((value, i) => (i === at ? NaN : value)),
  }));
}
