// The judge is judged: five faults are planted on purpose, one at a time, into a run's own copy of the build or into its database,
// and each must be named by the rule that is there for it. The same run without any of them must violate none.
import { check } from '../checker/index.mjs';
import { patch } from '../rig/project.mjs';
import { replay } from '../rig/replay.mjs';

const HOST = '@signalbox/host';
const CORE = '@signalbox/core';

export const PLANTED = {
  'event-outside-transaction': {
    what: 'the event of a signal is written after the commit, and the host dies in between',
    rule: 'event-missing',
    quotas: { host: 4 },
    points: ['part.committed'],
    prepare: (project) =>
      wrapCommit(
        project,
        `  const done = await commitPart_(pool, commit);
  crashPoint("part.committed");
  if (done.signalId !== null) await pool.query("SELECT dw.emit_planted($1)", [done.signalId]);
  return done;`,
      ),
    async plant(ask) {
      const [{ body }] = await ask(`SELECT prosrc AS body FROM pg_proc WHERE oid = 'dw.emit_signals'::regproc`);
      const late = body
        .replaceAll('new_rows', '(SELECT * FROM dw.fact_strategy_signals WHERE signal_id = wanted)')
        .replaceAll('RETURN NULL', 'RETURN');
      await ask(
        `CREATE FUNCTION dw.emit_planted(wanted bigint) RETURNS void LANGUAGE plpgsql AS $planted$${late}$planted$`,
      );
      await ask('DROP TRIGGER d_event ON dw.fact_strategy_signals');
    },
  },
  'retry-without-on-conflict': {
    what: 'a commit that is tried again writes its rows again',
    rule: 'decision-doubled',
    prepare(project) {
      patch(project, HOST, 'WHERE strategy_state.bar_time < excluded.bar_time', '');
      wrapCommit(
        project,
        `  const done = await commitPart_(pool, commit);
  commitPart.count = (commitPart.count ?? 0) + 1;
  if (commitPart.count % 25 === 0 && commit.part.fills.length === 0) return commitPart_(pool, commit);
  return done;`,
      );
    },
    async plant(ask) {
      for (const table of ['fact_strategy_signals', 'fact_no_signal', 'fact_equity_curve']) {
        const rows = await ask(
          `SELECT conname FROM pg_constraint WHERE conrelid = 'dw.${table}'::regclass AND contype = 'u'`,
        );
        for (const { conname } of rows) await ask(`ALTER TABLE dw.${table} DROP CONSTRAINT ${conname}`);
      }
    },
  },
  'target-before-stop': {
    what: 'a bar that touches both levels fills at the target',
    rule: 'position-reason',
    prepare(project) {
      const [stop, target] = [
        `if (side === "long" ? bar.low <= stopLoss : bar.high >= stopLoss) {
    closePosition(book, stopLoss, complete, "stop_loss", context, ledger);`,
        `if (side === "long" ? bar.high >= takeProfit : bar.low <= takeProfit) {
    closePosition(book, takeProfit, complete, "take_profit", context, ledger);`,
      ];
      patch(project, CORE, `${stop}\n  } else ${target}`, `${target}\n  } else ${stop}`);
    },
  },
  'mark-off-by-a-cent': {
    what: 'an equity row in seventy is stored a cent too high',
    rule: 'equity-value',
    prepare: (project) =>
      patch(
        project,
        HOST,
        'part.mark.equity,',
        'Math.round((part.mark.equity + ((commitPart.marks = (commitPart.marks ?? 0) + 1) % 70 === 0 ? 0.01 : 0)) * 100) / 100,',
      ),
  },
  'relay-trusts-ids': {
    what: 'the relay publishes what has a higher id than the last, in the order of ids',
    rule: 'event-unpublished',
    prepare(project) {
      patch(
        project,
        HOST,
        'AS n FROM dw.events WHERE seq IS NULL\n',
        'AS n FROM dw.events WHERE seq IS NULL AND id > (SELECT coalesce(max(id), 0) FROM dw.events WHERE seq IS NOT NULL)\n',
      );
      patch(project, HOST, '"pg_xact_commit_timestamp(xmin), id"', '"id"');
    },
  },
};

/** What stands around a commit in the host's build; the original is `commitPart_`. */
function wrapCommit(project, body) {
  patch(
    project,
    HOST,
    'async function commitPart(pool, commit) {',
    `async function commitPart(pool, commit) {\n${body}\n}\nasync function commitPart_(pool, commit) {`,
  );
}

/** Bars that touch stop and target, and commits that take a while and end in another order than they began in: weather, no fault. */
const WEATHER = {
  shape: (bars) =>
    bars.map((bar, i) => (i % 12 === 7 ? { ...bar, high: widened(bar.high, 1.03), low: widened(bar.low, 0.97) } : bar)),
  async plant(ask) {
    await ask(`CREATE FUNCTION dw.take_a_while() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep(random() * 0.04); RETURN NULL; END $$`);
    await ask(`CREATE CONSTRAINT TRIGGER z_slow AFTER INSERT ON dw.fact_equity_curve DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION dw.take_a_while()`);
  },
};
const widened = (price, by) => Math.round(price * by * 100) / 100;

export async function planted({ seed, signal, say }) {
  const results = [];
  for (const [name, fault] of [['none', { what: 'no fault', rule: null }], ...Object.entries(PLANTED)]) {
    say(`  planted: ${name}`);
    const run = await replay({
      seed,
      sessions: 1,
      inProcess: true,
      signal,
      quotas: fault.quotas ?? {},
      ...(fault.points ? { points: fault.points } : {}),
      shape: WEATHER.shape,
      ...(fault.prepare ? { prepare: fault.prepare } : {}),
      async plant(ask) {
        await WEATHER.plant(ask);
        await fault.plant?.(ask);
      },
      say: () => {},
    });
    const found = check(run.record, run);
    const named = fault.rule === null ? found.length === 0 : found.some(({ rule }) => rule === fault.rule);
    say(`    ${found.length === 0 ? 'nothing found' : found.map(({ rule, count }) => `${rule} ${count}`).join(', ')}`);
    results.push({
      name,
      what: fault.what,
      expected: fault.rule,
      named,
      found: found.map(({ rule, count, examples }) => ({ rule, count, example: examples[0] })),
    });
  }
  return { passed: results.every(({ named }) => named), planted: results };
}
