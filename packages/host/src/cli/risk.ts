import { Command } from 'commander';
import { SignalboxError, type Calendar, type Instrument } from '@signalbox/core';
import { calendarsOf } from '../config/calendars.js';
import { createDeskRequests } from '../inference/requests.js';
import { findRunning } from '../observe/running.js';
import { RISK_LIMITS, standing, type Standing } from '../services/models/standing.js';
import { iso, originOf } from '../services/respond.js';
import { newestBar } from '../stores/postgres/bars.js';
import { createReads, type Reads } from '../stores/postgres/reads/index.js';
import type { StrategyRow } from '../stores/postgres/reads/strategies.js';
import { actor } from './actor.js';
import { configOf, examples, integer, type Session } from './session.js';
import { withStore, type OpenStore } from './store.js';
import { table } from './terminal.js';

interface Flags {
  readonly world?: string;
}

/** One row of `risk show --json`: as in GET /api/risk/status, without the state of its package. */
interface Shown extends Standing {
  readonly strategy_code: string;
  readonly limits: typeof RISK_LIMITS;
  readonly equity: number;
  readonly peak: number;
  readonly origin: 'plugin' | 'external';
}

/** `signalbox risk …`: limits, halts and alerts, straight from the store; a host need not run. */
export function riskCommand(session: Session): Command {
  const risk = new Command('risk').description('show where strategies stand against their limits, and lift a halt');
  const command = (usage: string, text: string): Command =>
    risk.command(usage).description(text).option('--world <world>', 'market or demo; default: the configured one');
  command('show [code]', 'show limits and halts of all strategies, or of one')
    .addHelpText('after', examples('risk show', 'risk show ML_XGB --json'))
    .action((code: string | undefined, flags: Flags) => show(session, code, flags));
  command('alerts [code]', 'list the newest alerts: breaches, resets, missed bars, suspended plugins')
    .option('--limit <n>', 'how many', integer(1, 1000), 20)
    .addHelpText('after', examples('risk alerts', 'risk alerts ML_XGB --limit 5'))
    .action((code: string | undefined, flags: Flags & { limit: number }) => alerts(session, code, flags));
  command('reset <code>', 'lift the drawdown halt of a strategy; its peak restarts at the last mark')
    .requiredOption('--reason <text>', 'why; it is kept, with your name')
    .addHelpText(
      'after',
      examples('risk reset ML_XGB --reason "stop was too tight, mended"', 'risk reset ML_XGB --reason reviewed --json'),
    )
    .action((code: string, flags: Flags & { reason: string }) => reset(session, code, flags));
  return risk;
}

interface Open extends OpenStore {
  readonly reads: Reads;
  readonly instrument: Instrument;
  readonly calendar: Calendar;
  /** Market time; of a demo world whose host does not run, the completion of its newest bar. */
  readonly now: number;
  /** Whether a host of this project runs the world. */
  readonly running: boolean;
}

async function withRisk<T>(session: Session, { world }: Flags, work: (open: Open) => Promise<T>): Promise<T> {
  const config = configOf(session, world === undefined ? {} : { world });
  const instrument = config.instruments[0];
  const calendar = calendarsOf(config).get(instrument.symbol)!;
  return withStore(session, config, async (store) => {
    const running = findRunning(config.projectDir, store.database);
    const market = store.world.kind === 'market';
    const newest = market ? undefined : await newestBar(store.pool, instrument.symbol);
    const now = newest ? newest.time + calendar.slotMs : Date.now();
    return work({
      ...store,
      instrument,
      calendar,
      now,
      running: running !== undefined,
      reads: createReads(store.pool),
    });
  });
}

/** @throws STRATEGY_UNKNOWN */
async function strategiesOf({ reads }: Open, code: string | undefined): Promise<readonly StrategyRow[]> {
  const rows = await reads.strategies();
  if (code === undefined) return rows.filter(({ isActive }) => isActive);
  const found = rows.filter((row) => row.code === code);
  if (found.length > 0) return found;
  throw new SignalboxError('STRATEGY_UNKNOWN', `there is no strategy ${code} here`, 'signalbox risk show lists them.');
}

async function standings(open: Open, rows: readonly StrategyRow[]): Promise<Shown[]> {
  const ids = rows.map(({ id }) => id);
  const books = await open.reads.riskBooks('live', ids, open.instrument.symbol);
  return rows.map((row) => {
    const book = books.get(row.id);
    return {
      strategy_code: row.code,
      ...standing(book, open.now, open.calendar),
      limits: RISK_LIMITS,
      equity: book?.equity ?? row.initialEquity,
      peak: book?.peak ?? row.initialEquity,
      origin: originOf(row),
    };
  });
}

async function show(session: Session, code: string | undefined, flags: Flags): Promise<void> {
  const strategies = await withRisk(session, flags, async (open) => standings(open, await strategiesOf(open, code)));
  const limits = RISK_LIMITS;
  const percent = (value: number, limit: number): string => `${value.toFixed(2)} of ${limit} %`;
  const rows = strategies.map((one) => [
    one.strategy_code,
    one.halted ? `no entries: ${one.reasons.join(', ')}` : 'trades',
    percent(one.drawdown_pct, limits.max_drawdown_pct),
    percent(one.session_loss_pct, limits.max_session_loss_pct),
    `${one.entries_this_session} of ${limits.max_entries_per_session}`,
    `${one.losses_in_a_row} of ${limits.losses_before_pause}`,
    one.pause_until ?? '–',
    one.equity.toFixed(2),
  ]);
  const head = ['strategy', 'state', 'drawdown', 'session loss', 'entries', 'losses in a row', 'pause until', 'USD'];
  const latched = strategies.filter(({ reasons }) => reasons.includes('drawdown'));
  session.terminal.result(
    { strategies },
    strategies.length === 0
      ? 'No active strategy.'
      : [
          table(head, rows),
          ...latched.map(
            (one) => `${one.strategy_code} opens nothing until: signalbox risk reset ${one.strategy_code} --reason "…"`,
          ),
        ].join('\n'),
  );
}

async function alerts(
  session: Session,
  code: string | undefined,
  flags: Flags & { readonly limit: number },
): Promise<void> {
  const found = await withRisk(session, flags, async (open) => {
    const id = code === undefined ? null : (await strategiesOf(open, code))[0]!.id;
    return open.reads.alerts('live', id, null, flags.limit);
  });
  const data = found.map((row) => ({
    alert_id: row.alertId,
    severity: row.severity,
    code: row.code,
    message: row.message,
    strategy_code: row.strategy,
    symbol: row.symbol,
    timestamp: iso(row.timestamp),
    simulated: row.simulated,
  }));
  session.terminal.result(
    { alerts: data },
    data.length === 0
      ? 'No alerts.'
      : table(
          ['time (UTC)', 'severity', 'code', 'message'],
          data.map((one) => [one.timestamp, one.severity, one.code, one.message]),
        ),
  );
}

async function reset(session: Session, code: string, flags: Flags & { readonly reason: string }): Promise<void> {
  const reason = flags.reason.trim();
  if (reason === '' || reason.length > 1000 || reason.includes('\u0000'))
    throw new SignalboxError(
      'PARAMETER_INVALID',
      '--reason holds no text, or more than 1,000 characters',
      'Say in a sentence why the halt is lifted.',
    );
  const { data, running } = await withRisk(session, flags, async (open) => {
    const rows = await strategiesOf(open, code);
    const was = (await standings(open, rows))[0]!;
    const done = await createDeskRequests(() => open.pool, open.running ? 5_000 : 0).resetRisk({
      strategyId: rows[0]!.id,
      symbol: open.instrument.symbol,
      reason,
      actor: actor(),
    });
    const now = (await standings(open, rows))[0]!;
    const data = { ...now, status: done ? ('done' as const) : ('pending' as const), was_halted: was.halted };
    return { data, running: open.running };
  });
  session.terminal.result(
    data,
    data.status === 'done'
      ? `${code}: the drawdown halt is lifted; its peak restarts at ${data.peak.toFixed(2)} USD.${data.halted ? ` It still opens nothing: ${data.reasons.join(', ')}.` : ''}`
      : `${code}: noted; ${running ? 'the host has not taken it yet, and does at its next bar' : 'the next host that runs does it'}.`,
  );
}
