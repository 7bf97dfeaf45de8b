import { Command } from 'commander';
import { maintain } from '../stores/postgres/maintain.js';
import { configOf, type Session } from './session.js';
import { withStore } from './store.js';
import { table } from './terminal.js';

/** `signalbox maintain`: what a database needs now and then. */
export function maintainCommand(session: Session): Command {
  return new Command('maintain')
    .description('remove events past their days, vacuum and analyse every table, and say which index to build anew')
    .option('--world <world>', 'demo or market')
    .addHelpText('after', '\nExamples:\n  signalbox maintain\n  signalbox maintain --world market --json')
    .action(async (flags: { readonly world?: string }) => {
      const config = configOf(session, { world: flags.world });
      await withStore(session, config, async ({ pool }) => {
        const progress = session.terminal.progress('vacuum', 'tables');
        try {
          const result = await maintain(pool, (done, total) => progress.update(done, total), session.signal);
          progress.stop();
          const rows = result.tables.map((one) => [
            one.table,
            one.rows.toLocaleString('en-US'),
            (one.bytes / 1e6).toFixed(1),
            one.deadBefore.toLocaleString('en-US'),
          ]);
          session.terminal.result(
            result,
            `${table(['table', 'rows', 'MB', 'dead rows before'], rows)}\n` +
              `${result.events.removed} events older than ${result.events.keptDays} days removed\n` +
              (result.advice.length === 0
                ? 'no index needs to be built anew'
                : result.advice
                    .map(
                      (one) =>
                        `${one.index} has ${(one.bytes / 1e6).toFixed(0)} MB for about ${(one.about / 1e6).toFixed(0)}: ${one.remedy}`,
                    )
                    .join('\n')),
          );
        } finally {
          progress.stop();
        }
      });
    });
}
