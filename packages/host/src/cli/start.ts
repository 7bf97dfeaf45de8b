import { spawn } from 'node:child_process';
import { Command } from 'commander';
import type { Config } from '../config/config.js';
import type { StartObserver } from '../main.js';
import type { Progress } from './progress.js';
import { configOf, integer, number, type Session } from './session.js';
import { table } from './terminal.js';

interface StartFlags {
  readonly world?: string;
  readonly speed?: number;
  readonly portOffset?: number;
  readonly services?: string[];
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
    .option('--services <names>', 'only these: models, trading, analytics, dashboard', (text) => text.split(','))
    .option('--no-open', 'do not open the page in a browser')
    .addHelpText(
      'after',
      '\nExamples:\n  signalbox start\n  signalbox start --world demo --speed 120\n  signalbox start --services trading,models',
    )
    .action(async (flags: StartFlags) => {
      const config = configOf(session, { world: flags.world, portOffset: flags.portOffset, services: flags.services });
      // everything that serves is loaded only here: other commands start without it
      const { startHost } = await import('../main.js');
      const observer = observerOf(session, config, flags);
      try {
        await startHost(config, {
          ...(flags.speed === undefined ? {} : { speed: flags.speed }),
          signal: session.signal,
          observer,
        });
      } finally {
        observer.stop();
      }
      session.terminal.talk('stopped');
    });
}

const STAGES = { history: 'loading history', unwatched: 'running sessions' } as const;

/** What the terminal says of a start. With `--json` one object, as soon as the services listen. */
function observerOf(session: Session, config: Config, flags: StartFlags): StartObserver & { stop(): void } {
  const { terminal, streams } = session;
  let shown: { stage: string; progress: Progress } | undefined;
  let page: string | undefined;
  const stop = (): void => {
    shown?.progress.stop();
    shown = undefined;
  };
  return {
    stop,
    listening(services) {
      page = services.find((service) => service.name === 'dashboard')?.url;
      const rows = services.map(({ name, url }) => [name, url, 'listening']);
      terminal.result(
        {
          world: config.world,
          simulated: config.world === 'demo',
          services: services.map(({ name, url, port }) => ({ name, url, port })),
        },
        `${table(['service', 'address', 'state'], rows)}\n${config.world === 'demo' ? 'SIMULATED world: no real prices\n' : ''}Ctrl-C stops`,
      );
    },
    progress(stage, done, total) {
      if (shown?.stage !== stage) {
        stop();
        shown = { stage, progress: terminal.progress(STAGES[stage], 'sessions') };
      }
      shown.progress.update(done, total);
      if (done >= total) stop();
    },
    ready() {
      stop();
      const news =
        config.world === 'demo' ? 'signals arrive from now on' : 'each complete bar is decided upon from now on';
      terminal.talk(`${news}${page === undefined ? '' : ` · ${page}`}`);
      if (page !== undefined && flags.open && !session.json && streams.stderr.isTTY && (streams.env['CI'] ?? '') === '')
        openPage(page);
    },
    say: (text) => terminal.talk(text),
  };
}

/** Opens the page in the person's browser, where there is one. */
function openPage(url: string): void {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', url]
        : ['xdg-open', url];
  const browser = spawn(command!, args, { stdio: 'ignore', detached: true });
  // no browser: the address is on the screen
  browser.on('error', () => {});
  browser.unref();
}
