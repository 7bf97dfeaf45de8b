import { resolve } from 'node:path';
import { Command } from 'commander';
import { restore } from '../stores/backup/restore.js';
import { startPostgres } from '../stores/postgres/embedded.js';
import { WORLD_DATABASES } from '../stores/postgres/world.js';
import { actor } from './actor.js';
import type { Progress } from './progress.js';
import { configOf, type Session } from './session.js';

/** `signalbox restore FILE`: a backup becomes the world, whole or not at all. */
export function restoreCommand(session: Session): Command {
  return new Command('restore')
    .description('make a backup the world; the file is checked first, and nothing changes unless all of it is good')
    .argument('<file>', 'what `signalbox backup` wrote')
    .option('--world <world>', 'demo or market; the one that the backup holds')
    .option('--force', 'replace a database that holds data')
    .addHelpText(
      'after',
      '\nExamples:\n  signalbox restore market.sbk --world market\n  signalbox restore market.sbk --world market --force --json',
    )
    .action(async (given: string, flags: { readonly world?: string; readonly force?: boolean }) => {
      const config = configOf(session, { world: flags.world });
      const kind = config.world === 'demo' ? 'simulated' : 'market';
      const server = await startPostgres({ projectDir: config.projectDir, env: session.streams.env });
      let shown: { stage: string; progress: Progress } | undefined;
      try {
        const result = await restore({
          server,
          database: server.database ?? WORLD_DATABASES[kind],
          kind,
          file: resolve(session.cwd, given),
          force: flags.force ?? false,
          actor: actor(),
          onProgress(stage, rows, total) {
            if (shown?.stage !== stage) {
              shown?.progress.stop();
              shown = {
                stage,
                progress: session.terminal.progress(stage === 'check' ? 'checking' : 'loading', 'rows'),
              };
            }
            shown.progress.update(rows, total);
          },
          signal: session.signal,
        });
        shown?.progress.stop();
        session.terminal.result(
          result,
          `${result.rows.toLocaleString('en-US')} rows in ${result.tables} tables, as they were on ${result.createdAt}: ${result.database} · ${result.seconds.toFixed(1)} s`,
        );
      } finally {
        shown?.progress.stop();
        await server.stop();
      }
    });
}
