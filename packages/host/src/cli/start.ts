import { Command } from 'commander';
import { configOf, integer, number, type Session } from './session.js';

interface StartFlags {
  readonly world?: string;
  readonly speed?: number;
  readonly portOffset?: number;
  readonly open: boolean;
}

/** `signalbox start`: all services, until Ctrl-C. */
export function startCommand(session: Session): Command {
  return new Command('start')
    .description('start all services: database, clock, strategies, APIs and page')
    .option('--world <world>', 'demo (simulated bars) or market (real bars)')
    .option(
      '--speed <factor>',
      'market seconds per wall second of the demo clock, for example 60',
      number(0.1, 100_000),
    )
    .option('--port-offset <n>', 'add this to every port', integer(0, 50_000))
    .option('--no-open', 'do not open the page in a browser')
    .addHelpText('after', '\nExamples:\n  signalbox start\n  signalbox start --world demo --speed 120')
    .action(async (flags: StartFlags) => {
      const config = configOf(session, { world: flags.world, portOffset: flags.portOffset });
      const { startHost } = await import('../main.js');
      await startHost(config, {
        ...(flags.speed === undefined ? {} : { speed: flags.speed }),
        open: flags.open,
        json: session.json,
        signal: session.signal,
        terminal: session.terminal,
      });
    });
}
