import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { SignalboxError } from '@signalbox/core';
import { describeConnection, psqlEnvironment } from '../stores/postgres/connection.js';
import { connectionOf } from '../stores/postgres/pool.js';
import { configOf, type Session } from './session.js';
import { withStore } from './store.js';

/** `signalbox psql`: PostgreSQL's own client on the world's database. */
export function psqlCommand(session: Session): Command {
  return new Command('psql')
    .description('open psql on the database of the world; arguments after -- go to psql')
    .option('--world <world>', 'demo or market')
    .argument('[args...]', 'arguments of psql')
    .addHelpText(
      'after',
      "\nExamples:\n  signalbox psql\n  signalbox psql -- -c 'SELECT count(*) FROM usdcop_m5_ohlcv'",
    )
    .action(async (args: string[], flags: { readonly world?: string }) => {
      const config = configOf(session, { world: flags.world });
      await withStore(session, config, async ({ pool }) => {
        const connection = connectionOf(pool);
        // the password goes by the environment: arguments can be read by everybody on the machine
        const child = spawn('psql', args, {
          stdio: ['inherit', session.json ? 'pipe' : 'inherit', 'inherit'],
          env: { ...(session.streams.env as NodeJS.ProcessEnv), ...psqlEnvironment(connection) },
        });
        let said = '';
        child.stdout?.on('data', (chunk) => (said += String(chunk)));
        const code = await new Promise<number>((resolve, reject) => {
          child.once('error', (cause) =>
            reject(
              new SignalboxError(
                'PSQL_MISSING',
                'there is no psql on this machine',
                `Install PostgreSQL's client (Debian: apt-get install postgresql-client) and, while the host runs: psql "${describeConnection(connection)}".`,
                { cause },
              ),
            ),
          );
          child.once('close', (exit) => resolve(exit ?? 1));
        });
        if (session.json) session.terminal.result({ exitCode: code, output: said }, '', code === 0);
        session.exitCode = code;
      });
    });
}
