// A replayed week with five strategies and so many kills of one target, beside the same week undisturbed.
import { check } from '../checker/index.mjs';
import { crashPoints } from '../rig/crash-points.mjs';
import { replay } from '../rig/replay.mjs';
import { quantiles } from '../rig/quantiles.mjs';

const SESSIONS = 5;

export async function kills(target, usual, { seed, kills: wanted = usual, sessions = SESSIONS, say, shared, ...rest }) {
  const key = `${seed}/${sessions}`;
  if (!shared[key]) {
    say('  the week undisturbed');
    shared[key] = await replay({ seed, sessions, say: (text) => say(`  ${text}`), ...rest });
  }
  const undisturbed = shared[key];
  const before = check(undisturbed.record, undisturbed);
  say(`  the week with ${wanted} kills: ${target}`);
  const disturbed = await replay({
    seed,
    sessions,
    quotas: { [target]: wanted },
    say: (text) => say(`  ${text}`),
    ...rest,
  });
  return judge(undisturbed, before, disturbed, { [target]: wanted });
}

/** The result of a disturbed run beside the undisturbed one. */
export function judge(undisturbed, before, disturbed, quotas) {
  const violations = check(disturbed.record, { ...disturbed, undisturbed: undisturbed.record });
  // whoever was not struck himself has to live through it
  if (!quotas.host && disturbed.starts > 1)
    violations.push({
      rule: 'host-ended',
      count: disturbed.starts - 1,
      examples: ['the host ended and was started again'],
    });
  const { record } = disturbed;
  const done = Object.entries(quotas).every(([target, count]) => disturbed.kills[target].total >= count);
  const passed = violations.length === 0 && before.length === 0 && done;
  return {
    passed,
    violations,
    ...(before.length > 0 ? { undisturbedViolations: before } : {}),
    kills: killsOf(disturbed.kills, quotas),
    run: {
      bars: disturbed.bars,
      strategies: record.strategies.map(({ code }) => code),
      decisions: record.signals.length + record.none.length,
      positions: record.positions.length,
      events: record.events.length,
      hostStarts: disturbed.starts,
    },
    equity: equityOf(record),
    recoveryMs: Object.fromEntries(
      Object.entries(disturbed.recovery)
        .filter(([, list]) => list.length > 0)
        .map(([name, list]) => [name, quantiles(list)]),
    ),
    seconds: { undisturbed: round(undisturbed.seconds.run), disturbed: round(disturbed.seconds.run) },
  };
}

function killsOf(all, quotas) {
  const own = Object.fromEntries(Object.keys(quotas).map((target) => [target, all[target]]));
  if (own.host)
    own.host = { ...own.host, pointsNever: Object.keys(crashPoints()).filter((point) => !own.host.points[point]) };
  return own;
}

/** The last mark of each strategy, as stored. */
function equityOf({ strategies, equity }) {
  return Object.fromEntries(
    strategies.map(({ id, code }) => [code, equity.filter((row) => row.strategy === id).at(-1)?.equity]),
  );
}

const round = (seconds) => Number(seconds.toFixed(1));
