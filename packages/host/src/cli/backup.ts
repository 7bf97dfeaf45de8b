import { resolve } from 'node:path';
import { Command } from 'commander';
import { backup } from '../stores/backup/backup.js';
import { connectionOf } from '../stores/postgres/pool.js';
import { configOf, type Session } from './session.js';
import { withStore } from './store.js';
import { table } from './terminal.js';

/** `signalbox backup [FILE]`: the whole world in one file, while it runs. */
export function backupCommand(session: Session): Command {
  return new Command('backup')
    .description('write the whole world into one file; a running host goes on')
    .argument('[file]', 'where to; by default a name with world and time, in this folder')
    .option('--world <world>', 'demo or market')
    .addHelpText(
      'after',
      '\nExamples:\n  signalbox backup\n  signalbox backup /backups/market.sbk --world market --json',
    )
    .action(async (given: string | undefined, flags: { readonly world?: string }) => {
      const config = configOf(session, { world: flags.world });
      await withStore(session, config, async ({ pool, database }) => {
        const stamp = new Date().toISOString().replace(/[:.]/g, '-').slice(0, 19);
        const file = resolve(session.cwd, given ?? `signalbox-${config.world}-${stamp}.sbk`);
        const progress = session.terminal.progress('writing', 'rows');
        try {
          const result = await backup(connectionOf(pool), file, {
            onProgress: (done, about) => progress.update(done, about),
            signal: session.signal,
          });
          progress.stop();
          const kept = result.tables.filter(({ rows }) => rows > 0);
          session.terminal.result(
            { database, ...result },
            `${table(
              ['table', 'rows'],
              kept.map(({ table: name, rows }) => [name, rows.toLocaleString('en-US')]),
            )}\n` +
              `${file} · ${(result.bytes / 1e6).toFixed(1)} MB · ${result.seconds.toFixed(1)} s\n` +
              'It holds everything that the database holds, password hashes too: keep it where only you can read it.',
          );
        } finally {
          progress.stop();
        }
      });
    });
}
