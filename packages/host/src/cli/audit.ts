import { Command } from 'commander';
import { brokenAudit, readAudit } from '../stores/postgres/audit.js';
import { EXIT } from './exit-codes.js';
import { integer, type Session } from './session.js';
import { table } from './terminal.js';
import { open } from './users.js';

interface Flags {
  readonly world?: string;
  readonly limit: number;
}

/** `signalbox audit`: who changed what, and whether somebody has changed that. */
export function auditCommand(session: Session): Command {
  return new Command('audit')
    .description('who did what: the newest entries of the audit, and whether it is whole')
    .option('--world <world>', 'market or demo; default: the configured one')
    .option('--limit <n>', 'entries', integer(1, 10_000), 50)
    .addHelpText('after', '\nExamples:\n  signalbox audit\n  signalbox audit --limit 500 --json')
    .action((flags: Flags) =>
      open(session, flags, async ({ pool }) => {
        const [rows, broken] = [await readAudit(pool, flags.limit), await brokenAudit(pool)];
        const entries = rows.map(({ id, recordedAt, ...rest }) => ({
          id,
          recorded_at: new Date(recordedAt).toISOString(),
          ...rest,
        }));
        const lines = entries.map((each) => [
          String(each.id),
          each.recorded_at,
          each.actor,
          each.address ?? '–',
          each.action,
          each.subject ?? '–',
          JSON.stringify(each.detail).slice(0, 80),
        ]);
        const verdict =
          broken === null
            ? 'Every entry follows from the one before it.'
            : `Entry ${broken} was changed, or entries before it are missing.`;
        session.terminal.result(
          { entries, first_broken: broken },
          lines.length === 0
            ? 'Nothing was changed yet.'
            : `${table(['', 'when', 'who', 'from', 'did', 'what', 'how'], lines)}\n${verdict}`,
          broken === null,
        );
        if (broken !== null) session.exitCode = EXIT.refused;
      }),
    );
}
