import { Command } from 'commander';
import type { Listening } from '../services/index.js';
import { configOf, integer, number, type Session } from './session.js';
import { table } from './terminal.js';

interface StartFlags {
  readonly world?: string;
  readonly speed?: number;
  readonly portOffset?: number;
}

const WHAT: Readonly<Record<string, string>> = {
  dashboard: 'the page',
  models: 'signals, performance, equity, positions, WebSocket',
  trading: 'candlesticks',
};

/** `signalbox start`: all services, until Ctrl-C. */
export function startCommand(session: Session): Command {
  return new Command('start')
    .description('start all services: database, clock, strategies, APIs and page')
    .option('--world <world>', 'demo (simulated bars) or market (real bars)')
    .option('--speed <factor>', 'market seconds per wall second of the demo clock, for example 60', number(0.1, 100_000))
    .option('--port-offset <n>', 'add this to every port', integer(0, 50_000))
    .addHelpText('after', '\nExamples:\n  signalbox start\n  signalbox start --world demo --speed 120')
    .action(async (flags: StartFlags) => {
      const config = configOf(session, { world: flags.world, portOffset: flags.portOffset });
      const { startHost } = await import('../main.js');
      const { terminal } = session;
      const simulated = config.world === 'demo';
      let urls: readonly Listening[] = [];
      let bar: { stage: string; update(done: number, total: number): void; stop(): void } | undefined;
      const page = (): string => urls.find(({ name }) => name === 'dashboard')?.url ?? '';
      await startHost(config, {
        ...(flags.speed === undefined ? {} : { speed: flags.speed }),
        signal: session.signal,
        observer: {
          listening(services) {
            urls = services;
            terminal.talk(simulated ? '\nSignalbox · demo world · SIMULATED: no row of it is a market' : '\nSignalbox · market world');
            terminal.talk(table(['service', 'address', 'what'], services.map(({ name, url }) => [name, url, WHAT[name] ?? ''])) + '\n');
          },
          progress(stage, done, total) {
            if (bar?.stage !== stage) {
              bar?.stop();
              bar = { stage, ...terminal.progress(stage === 'history' ? 'Simulating sessions' : 'Running strategies', 'sessions') };
            }
            bar.update(done, total);
          },
          ready() {
            bar?.stop();
            bar = undefined;
            const services = Object.fromEntries(urls.map(({ name, url }) => [name, url]));
            terminal.result({ world: config.world, services }, '');
            terminal.talk(`Open ${page()} — signals arrive${simulated ? ' with every bar, one each five seconds at 60 ×' : ' as they are made'}. Ctrl-C ends it.`);
          },
          say: (text) => terminal.talk(text),
        },
      });
    });
}
