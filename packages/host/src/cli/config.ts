import { Command } from 'commander';
import { printable } from '../config/config.js';
import { configOf, type Session } from './session.js';

/** `signalbox config print`: the configuration in force, without secrets. */
export function configCommand(session: Session): Command {
  const command = new Command('config').description('show the configuration');
  command
    .command('print')
    .description('print the configuration in force: file, environment and defaults, without passwords')
    .addHelpText(
      'after',
      '\nExamples:\n  signalbox config print\n  SIGNALBOX_WORLD=market signalbox config print --json',
    )
    .action(() => {
      const shown = printable(configOf(session));
      session.terminal.result(shown, JSON.stringify(shown, null, 2));
    });
  return command;
}
