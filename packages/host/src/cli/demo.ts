import { Command } from 'commander';
import { SignalboxError } from '@signalbox/core';
import type { Config } from '../config/config.js';
import { findRunning } from '../observe/running.js';
import { WORLD_DATABASES } from '../stores/postgres/world.js';
import { keyHeader } from './own-key.js';
import { configOf, examples, integer, number, type Session } from './session.js';

const ACTIONS = {
  pause: 'hold the clock',
  resume: 'let the clock run',
  step: 'go to the next bar',
  restart: 'begin the demo again, as a new world',
};

/** `signalbox demo …`: the replay clock of a running demo world. */
export function demoCommand(session: Session): Command {
  const command = new Command('demo').description(
    'pause, step, restart or speed up the clock of the running demo world',
  );
  const port = (child: Command): Command =>
    child.option('--port <number>', 'port of the Multi-Model API', integer(1, 65_535));
  for (const [action, description] of Object.entries(ACTIONS)) {
    port(command.command(action).description(description))
      .addHelpText('after', examples(`demo ${action}`, `demo ${action} --port 8006 --json`))
      .action((options: { port?: number }) => control(session, options, { action }));
  }
  port(
    command
      .command('speed')
      .argument('<factor>', 'market seconds per wall second, for example 60', number(0.1, 100_000)),
  )
    .description('set how fast the clock runs')
    .addHelpText('after', examples('demo speed 120', 'demo speed 1x --json'))
    .action((speed: number, options: { port?: number }) => control(session, options, { action: 'speed', speed }));
  return command.addHelpText('after', '\nExamples:\n  signalbox demo pause\n  signalbox demo speed 120');
}

interface ClockState {
  readonly mode: string;
  readonly speed: number;
  readonly now: string;
}

/** Where this project's demo host listens; never another project's. */
function addressOf(config: Config): string {
  const database = config.databaseUrl
    ? decodeURIComponent(new URL(config.databaseUrl).pathname.slice(1))
    : WORLD_DATABASES.simulated;
  const running = findRunning(config.projectDir, database);
  if (running?.services['models']) return running.services['models'];
  throw new SignalboxError(
    'PARAMETER_INVALID',
    `no host of this project (${config.projectDir}) runs a demo world`,
    'Start one with: signalbox start; or name the port of another with --port.',
  );
}

async function control(
  session: Session,
  options: { port?: number },
  body: { action: string; speed?: number },
): Promise<void> {
  const config = configOf(session);
  const origin = options.port === undefined ? addressOf(config) : `http://${config.bind}:${options.port}`;
  let answer: Response;
  try {
    answer = await fetch(`${origin}/api/clock`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin, ...keyHeader(session.streams.env) },
      body: JSON.stringify(body),
      signal: AbortSignal.any([session.signal, AbortSignal.timeout(10_000)]),
    });
  } catch (error) {
    if (session.signal.aborted) throw error;
    throw new SignalboxError(
      'PARAMETER_INVALID',
      `no host answers at ${origin}`,
      'Start one with: signalbox start; or name its port with --port.',
      { cause: error },
    );
  }
  const reply = (await answer.json().catch(() => ({}))) as Partial<ClockState> & {
    clock?: ClockState;
    detail?: string;
  };
  if (answer.status === 401 || answer.status === 403) {
    throw new SignalboxError(
      answer.status === 401 ? 'AUTH_REQUIRED' : 'FORBIDDEN',
      `${origin} lets only traders and admins move its clock`,
      'Make a key, signalbox keys add NAME --role trader, and give it in SIGNALBOX_API_KEY.',
    );
  }
  if (!answer.ok) {
    throw new SignalboxError(
      'WORLD_MISMATCH',
      reply.detail ?? `${origin}/api/clock answered ${answer.status}`,
      'Only the clock of a demo world can be moved: signalbox start --world demo.',
    );
  }
  const clock = reply.clock ?? (reply as ClockState);
  session.terminal.result(clock, `market time ${clock.now} · ${clock.speed === 0 ? 'paused' : `${clock.speed}×`}`);
}
