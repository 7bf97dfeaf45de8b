import { Command } from 'commander';
import { isSignalboxError, SignalboxError } from '@signalbox/core';
import type { Config } from '../config/config.js';
import type { Checked, Status } from '../doctor/check.js';
import { CHECK_NAMES, diagnose, type Diagnosis } from '../doctor/doctor.js';
import { EXIT } from './exit-codes.js';
import { configOf, examples, type Session } from './session.js';

interface DoctorFlags {
  readonly world?: string;
  readonly only?: string[];
}

const SIGNS: Readonly<Record<Status, string>> = { pass: '✓', warn: '!', fail: '✗', skip: '–' };
const COLOURS: Readonly<Record<Status, number>> = { pass: 32, warn: 33, fail: 31, skip: 90 };

/** `signalbox doctor`: what is wrong, and what to do about it. */
export function doctorCommand(session: Session): Command {
  return new Command('doctor')
    .description('look at everything, change nothing: each finding with its remedy; exit 1 when something is wrong')
    .option('--world <world>', 'demo or market')
    .option('--only <names>', 'only checks whose names begin so, separated by commas', (text) => text.split(','))
    .addHelpText('after', `\nChecks: ${CHECK_NAMES.join(', ')}\n${examples('doctor', 'doctor --world market --json')}`)
    .action((flags: DoctorFlags) => examine(session, flags));
}

async function examine(session: Session, { world, only }: DoctorFlags): Promise<void> {
  const wanted = (name: string): boolean => !only || only.some((start) => name.startsWith(start));
  if (!CHECK_NAMES.some(wanted))
    throw new SignalboxError(
      'PARAMETER_INVALID',
      `there is no check ${only!.join(', ')}`,
      `There are ${CHECK_NAMES.join(', ')}.`,
    );
  const progress = session.terminal.progress('checking', 'checks');
  let found: Diagnosis;
  try {
    found = await diagnosisOf(session, world, {
      wanted,
      onCheck: (done, all) => progress.update(done, all),
    });
  } finally {
    progress.stop();
  }
  const { checks } = found;
  const failed = checks.filter(({ status }) => status === 'fail').length;
  if (failed > 0) session.exitCode = EXIT.refused;
  session.terminal.result(found, textOf(session, checks), failed === 0);
}

/** A configuration that cannot be read is a finding as well: the first one, and then nothing else can be looked at. */
async function diagnosisOf(
  session: Session,
  world: string | undefined,
  options: Parameters<typeof diagnose>[3],
): Promise<Diagnosis> {
  let config: Config | undefined;
  try {
    config = configOf(session, { world });
    return await diagnose(config, session.streams.env, session.signal, options);
  } catch (error) {
    if (!isSignalboxError(error) || error.code === 'PARAMETER_INVALID') throw error;
    const finding: Checked = {
      name: 'config',
      status: 'fail',
      detail: `${error.code} ${error.message}`,
      remedy: error.remedy,
    };
    return { checks: [finding], database: { url: null }, world: config?.world ?? 'demo' };
  }
}

function textOf(session: Session, checks: readonly Checked[]): string {
  const { stdout, env } = session.streams;
  const plain = !stdout.isTTY || (env['NO_COLOR'] ?? '') !== '';
  const paint = (status: Status, text: string): string =>
    plain ? text : `\u001b[${COLOURS[status]}m${text}\u001b[39m`;
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, detail, remedy }) => [
    `${paint(status, SIGNS[status])} ${name.padEnd(width)}  ${detail}`,
    ...(remedy === null || status === 'pass' ? [] : [`  ${' '.repeat(width)}  → ${remedy}`]),
  ]);
  const tally = (['fail', 'warn', 'skip', 'pass'] as const)
    .map((status) => `${checks.filter((one) => one.status === status).length} ${status}`)
    .join(' · ');
  return [...lines, '', tally].join('\n');
}
