import { existsSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { SignalboxError } from '@signalbox/core';
import type { Config } from '../config/config.js';
import { LOG_NAMES, logFolder, logPath, SERVICE_LOGS } from '../observe/log.js';
import { followLog, LOG_LEVELS, readLog, type LogFilter, type LogLevel, type LogLine } from '../observe/log-reader.js';
import { premises } from '../stores/postgres/premises.js';
import { configOf, examples, integer, type Session } from './session.js';

interface LogsFlags {
  readonly follow?: true;
  readonly since?: number;
  readonly level?: LogLevel;
  readonly lines: number;
}

const NAMES = [...LOG_NAMES, 'postgres'];
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `signalbox logs [service]`: what the host wrote down. */
export function logsCommand(session: Session): Command {
  return new Command('logs')
    .description('show what the services wrote down, oldest first; without a name all of them together')
    .argument('[service]', NAMES.join(', '))
    .option('-f, --follow', 'go on until Ctrl-C')
    .option('--since <when>', 'from then on: 90s, 10m, 2h, 7d, or a time as 2026-01-05T13:00:00Z', moment)
    .option('--level <level>', 'from this level on: debug, info, warn, error, fatal', level)
    .option('-n, --lines <n>', 'at most so many, the newest', integer(1, 100_000), 200)
    .addHelpText('after', examples('logs trading-api -f', 'logs multi-model-api --since 1h --level warn --json'))
    .action((service: string | undefined, flags: LogsFlags) => show(session, service, flags));
}

async function show(session: Session, service: string | undefined, flags: LogsFlags): Promise<void> {
  if (flags.follow && session.json)
    throw new SignalboxError(
      'PARAMETER_INVALID',
      '--json prints one object at the end, and --follow has none',
      'Leave one of them out; the files under .signalbox/logs are JSON lines themselves.',
    );
  const config = configOf(session);
  const names = service === undefined ? NAMES : [nameOf(service)];
  const files: { name: string; path: string }[] = [];
  for (const name of names) {
    const path = name === 'postgres' ? await postgresLog(config) : logPath(config.projectDir, name);
    if (path !== undefined) files.push({ name, path });
  }
  const filter: LogFilter = {
    ...(flags.since === undefined ? {} : { since: flags.since }),
    ...(flags.level === undefined ? {} : { level: flags.level }),
  };
  const read = await Promise.all(files.map(({ name, path }) => readLog(name, path, filter, flags.lines)));
  const lines = inOrder(read).slice(-flags.lines);
  const there = files.filter(({ path }) => existsSync(path));
  session.terminal.result(
    { files: there.map(({ path }) => path), lines },
    lines.map((line) => textOf(line, names.length > 1)).join('\n'),
  );
  if (there.length === 0)
    session.terminal.talk(`no log in ${logFolder(config.projectDir)} yet: it begins with signalbox start`);
  if (!flags.follow) return;
  await Promise.all(
    files.map(async ({ name, path }) => {
      for await (const line of followLog(name, path, filter, session.signal))
        session.streams.stdout.write(`${textOf(line, names.length > 1)}\n`);
    }),
  );
}

/** A log by its own name, or by the host's name for the service. */
function nameOf(service: string): string {
  const name = (SERVICE_LOGS as Readonly<Record<string, string>>)[service] ?? service;
  if (NAMES.includes(name)) return name;
  throw new SignalboxError(
    'PARAMETER_INVALID',
    `Signalbox writes no log of ${service}`,
    `There are ${NAMES.join(', ')}; what compose runs beside them: docker-compose logs ${service}.`,
  );
}

/** With a PostgreSQL of one's own its log is there, and not for us to read. */
async function postgresLog(config: Config): Promise<string | undefined> {
  return config.databaseUrl === null ? (await premises(config.projectDir)).log : undefined;
}

/** By time; a line without one stays behind the one before it. */
function inOrder(logs: readonly (readonly LogLine[])[]): LogLine[] {
  const timed = logs.flatMap((lines) => {
    let last = '';
    return lines.map((line) => ({ line, time: (last = line.time ?? last) }));
  });
  return timed.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)).map(({ line }) => line);
}

function textOf({ service, time, level: at, message, facts }: LogLine, named: boolean): string {
  const { err, ...rest } = facts as { err?: { message?: string; stack?: string } };
  const said = Object.entries(rest)
    .filter(([key]) => key !== 'service')
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const head = [time ?? ' '.repeat(24), (at ?? '').toUpperCase().padEnd(5), ...(named ? [service.padEnd(15)] : [])];
  const fault = err?.message !== undefined && err.message !== message ? [`(${err.message})`] : [];
  const stack = err?.stack?.split('\n').slice(1, 4).join('\n');
  return printable([...head, message, ...fault, ...said].join(' ')) + (stack ? `\n${printable(stack)}` : '');
}

/** A log may hold what a client or a plugin wrote: no control character reaches the terminal. */
const printable = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- that is the point
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '·');

function moment(text: string): number {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const time = unit === undefined ? Date.parse(text) : Date.now() - Number(amount) * UNITS[unit]!;
  if (Number.isNaN(time)) throw new InvalidArgumentError('Give 90s, 10m, 2h, 7d, or a time as 2026-01-05T13:00:00Z.');
  return time;
}

function level(text: string): LogLevel {
  if (!(LOG_LEVELS as readonly string[]).includes(text))
    throw new InvalidArgumentError(`Give one of ${LOG_LEVELS.join(', ')}.`);
  return text as LogLevel;
}
