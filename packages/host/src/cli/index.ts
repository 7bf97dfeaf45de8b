import { Command, CommanderError } from 'commander';
import { auditCommand } from './audit.js';
import { backtestCommand } from './backtest.js';
import { backupCommand } from './backup.js';
import { configCommand } from './config.js';
import { demoCommand } from './demo.js';
import { doctorCommand } from './doctor.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { exportCommand } from './export.js';
import { featuresCommand } from './features.js';
import { ingestCommand } from './ingest.js';
import { logsCommand } from './logs.js';
import { keysCommand } from './keys.js';
import { jobsCommand } from './jobs.js';
import { modelsCommand } from './models.js';
import { pluginsCommand } from './plugins.js';
import { maintainCommand } from './maintain.js';
import { psqlCommand } from './psql.js';
import { riskCommand } from './risk.js';
import { restoreCommand } from './restore.js';
import { startCommand } from './start.js';
import { sweepCommand } from './sweep.js';
import { Terminal, type Streams } from './terminal.js';
import { trainCommand } from './train.js';
import type { Session } from './session.js';
import { usersCommand } from './users.js';
import { verifyCommand } from './verify.js';
import { version } from '../config/version.js';

/** The whole command line. Every command is one file; all of them share the conventions of `Terminal` and `EXIT`. */
export function programOf(session: Session): Command {
  const program = new Command('signalbox')
    .description('A plugin-based strategy engine: features in, signal out.')
    .version(version(), '-V, --version', 'print the version')
    .showHelpAfterError('(signalbox --help lists the commands)')
    .enablePositionalOptions();
  for (const command of [
    startCommand,
    demoCommand,
    ingestCommand,
    backtestCommand,
    sweepCommand,
    jobsCommand,
    exportCommand,
    featuresCommand,
    trainCommand,
    verifyCommand,
    modelsCommand,
    pluginsCommand,
    riskCommand,
    backupCommand,
    restoreCommand,
    maintainCommand,
    psqlCommand,
    doctorCommand,
    logsCommand,
    usersCommand,
    keysCommand,
    auditCommand,
    configCommand,
  ]) {
    program.addCommand(command(session));
  }
  forAll(program, (command) => {
    command.exitOverride().configureOutput({
      writeOut: (text) => session.streams.stdout.write(text),
      writeErr: (text) => {
        if (!session.json) session.streams.stderr.write(text);
      },
    });
    if (command.commands.length === 0) command.option('--json', 'print one JSON object instead of text');
  });
  return program;
}

/**
 * Runs one command and returns its exit code. Ctrl-C asks it to stop, which leaves nothing half done; a second one ends the
 * process at once.
 */
export async function run(
  argv: readonly string[],
  streams: Streams,
  cwd: string,
  signal?: AbortSignal,
): Promise<number> {
  const json = argv.includes('--json');
  const terminal = new Terminal(streams, json);
  const session: Session = {
    streams,
    terminal,
    json,
    cwd,
    signal: signal ?? new AbortController().signal,
    exitCode: EXIT.ok,
  };
  try {
    const program = programOf(session);
    await program.parseAsync(named(program, argv), { from: 'user' });
    return session.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      // help without a command is help, not a slip
      if (json) {
        const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
        const problem = { code: 'USAGE', message, remedy: 'signalbox --help lists the commands.' };
        streams.stdout.write(`${JSON.stringify({ status: 'error', data: null, errors: [problem] })}\n`);
      }
      return EXIT.usage;
    }
    terminal.fail(error);
    const code = exitCodeOf(error);
    if ((streams.env['SIGNALBOX_DEBUG'] ?? '') !== '' && error instanceof Error)
      streams.stderr.write(`${error.stack}\n`);
    return code;
  }
}

/**
 * Commander answers a wish for help before it looks whether the command exists. A name that there is not is passed on alone,
 * so that it is refused, with the nearest one.
 */
function named(program: Command, argv: readonly string[]): string[] {
  let command = program;
  const path: string[] = [];
  for (const word of argv) {
    if (command.commands.length === 0) break;
    if (word.startsWith('-') || word === 'help') continue;
    path.push(word);
    const child = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (!child) return path;
    command = child;
  }
  return [...argv];
}

/** The process's own entry. */
export async function main(argv: readonly string[]): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    stop.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  // `signalbox … | head` is no fault
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.internal),
  );
  try {
    process.exitCode = await run(
      argv,
      { stdout: process.stdout, stderr: process.stderr, env: process.env },
      process.cwd(),
      stop.signal,
    );
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function forAll(command: Command, visit: (command: Command) => void): void {
  visit(command);
  command.commands.forEach((child) => forAll(child, visit));
}
