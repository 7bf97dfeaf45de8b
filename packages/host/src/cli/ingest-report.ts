import type { Command } from 'commander';
import { calendarsOf } from '../config/calendars.js';
import { qualityOf, type BarQuality, type Quality } from '../ingest/quality.js';
import { newestBar } from '../stores/postgres/bars.js';
import { configOf, day, examples, type Session } from './session.js';
import { withStore } from './store.js';
import { table } from './terminal.js';

interface Flags {
  readonly world?: string;
  readonly from?: string;
  readonly to?: string;
}

/** `signalbox ingest report`: how good what is stored is. Looks only. */
export function reportCommand(ingest: Command, session: Session): void {
  ingest
    .command('report')
    .description(
      'tell how good what is stored is: bars missing, outside the session, revised, and what there is of macro',
    )
    .option('--from <date>', 'first session, YYYY-MM-DD; default: the first stored', day)
    .option('--to <date>', 'last session, YYYY-MM-DD; default: now', day)
    .option('--world <world>', 'market or demo; default: the configured one')
    .addHelpText('after', examples('ingest report', 'ingest report --from 2025-01-01 --json'))
    .action((flags: Flags) => report(session, flags));
}

async function report(session: Session, { world, ...window }: Flags): Promise<void> {
  const config = configOf(session, world === undefined ? {} : { world });
  const calendars = calendarsOf(config);
  const quality = await withStore(session, config, async ({ pool, world: { kind } }) => {
    let now = Date.now();
    if (kind === 'simulated') {
      // market time of a demo world is where its bars end
      const bar = await newestBar(pool, config.instruments[0].symbol);
      if (bar) now = bar.time + calendars.get(config.instruments[0].symbol)!.slotMs;
    }
    return qualityOf(pool, calendars, now, window);
  });
  session.terminal.result(quality, textOf(quality));
}

const count = (n: number): string => n.toLocaleString('en-US');
const share = (part: number, whole: number): string => (whole === 0 ? '–' : `${((part / whole) * 100).toFixed(2)} %`);

/** The report for people. */
export function textOf({ bars, macro }: Quality): string {
  const lines = bars.flatMap(barLines);
  lines.push(
    '',
    macro.length === 0
      ? 'No macro value is stored: signalbox ingest macro FILE.'
      : table(
          ['series', 'values', 'from', 'to', 'revised'],
          macro.map((one) => [one.series, count(one.values), one.from!, one.to!, count(one.revised)]),
        ),
  );
  return lines.join('\n');
}

function barLines(one: BarQuality): string[] {
  if (one.sessions === 0) return [`${one.symbol}: no bar is stored here: signalbox ingest bars FILE.`];
  const lines = [
    `${one.symbol}, ${one.from} to ${one.to}: ${count(one.stored)} bars of ${count(one.expected)} in ${count(one.sessions)} sessions, ` +
      `${count(one.missing)} missing (${share(one.missing, one.expected)}), ${count(one.sessions_without_a_bar)} sessions without a bar`,
    `  outside the session ${count(one.outside_session)} · revised ${count(one.revised)} · bad ticks ${count(one.bad_ticks)} · ` +
      `close-only ${one.close_only_share === null ? '–' : `${(one.close_only_share * 100).toFixed(1)} %`}`,
    `  from ${Object.entries(one.sources)
      .sort(([, a], [, b]) => b - a)
      .map(([source, n]) => `${source} (${count(n)})`)
      .join(', ')}`,
  ];
  if (one.worst.length > 0)
    lines.push(`  most missing: ${one.worst.map(({ date, missing }) => `${date} (${missing})`).join(', ')}`);
  return lines;
}
