import type { AnyStrategy, Artifact } from '../../strategies/contract.js';
import { openSession } from '../../strategies/session.js';
import { seatAll } from '../../strategies/seat.js';
import { ajvValidator, type ValidateSchema } from '../schema.js';
import { fixtureWorld, type WorldOptions } from '../world.js';
import { CONFIGURATION, checkConfiguration } from './cases/configuration.js';
import { closing } from './cases/closing.js';
import { deadline } from './cases/deadline.js';
import { declared } from './cases/declared.js';
import { determinism } from './cases/determinism.js';
import { future } from './cases/future.js';
import { inputs } from './cases/inputs.js';
import { checkMetadata, METADATA } from './cases/metadata.js';
import { missing } from './cases/missing.js';
import { model } from './cases/model.js';
import { opening } from './cases/opening.js';
import { opinions } from './cases/opinions.js';
import { restore } from './cases/restore.js';
import { sessions } from './cases/sessions.js';
import { start } from './cases/start.js';
import { describe, fail, skip, type Case, type Subject, type Verdict } from './subject.js';
import { recordTape } from './tape.js';

export interface ConformanceOptions extends WorldOptions {
  /** The configuration; its schema fills in defaults. `{}` when absent. */
  readonly config?: unknown;
  /** Model files by artifact name. */
  readonly artifacts?: Readonly<Record<string, Artifact>>;
  /** JSON Schema validator; Ajv when absent, which then must be installed. */
  readonly validate?: ValidateSchema;
  /** Milliseconds for one answer; 1000 by default. */
  readonly deadlineMs?: number;
  /** Bars after which a strategy with state must say the same wherever it began; 240 by default. */
  readonly settleBars?: number;
}

export interface CaseResult {
  /** Counts from 1 in a fixed order. */
  readonly number: number;
  readonly name: string;
  readonly rule: string;
  /** `skip`: not applicable, or not run because of the case that `detail` names. */
  readonly status: 'pass' | 'fail' | 'skip';
  readonly detail: string;
}

export interface ConformanceReport {
  /** The strategy's code, or `(none)`. */
  readonly strategy: string;
  /** True when no case failed. */
  readonly passed: boolean;
  readonly cases: readonly CaseResult[];
}

const CASES: readonly Case[] = [
  opening,
  deadline,
  opinions,
  determinism,
  future,
  start,
  restore,
  sessions,
  missing,
  declared,
  inputs,
  closing,
  model,
];

/**
 * Holds a strategy to the contract, case by case; never throws for what the strategy does.
 *
 * @throws SignalboxError CONFIG_INVALID without a validator
 */
export async function runConformance(
  definition: unknown,
  options: ConformanceOptions = {},
): Promise<ConformanceReport> {
  const validate = options.validate ?? (await ajvValidator());
  const world = fixtureWorld(options);
  const verdicts = new Map<string, Verdict>();
  const metadata = checkMetadata(definition, [...world.plan.names, ...world.plan.positionNames]);
  verdicts.set(METADATA.name, metadata.verdict);
  let subject: Subject | undefined;
  if (metadata.usable) {
    const strategy = definition as AnyStrategy;
    const configuration = checkConfiguration(strategy, options.config, validate);
    verdicts.set(CONFIGURATION.name, configuration.verdict);
    if ('config' in configuration) {
      try {
        subject = subjectOf(strategy, configuration.config, world, validate, options);
      } catch (error) {
        verdicts.set(METADATA.name, fail(describe(error)));
      }
    }
  } else verdicts.set(CONFIGURATION.name, skip(`not run: ${METADATA.name} failed`));
  for (const one of CASES) verdicts.set(one.name, await verdictOf(one, subject, verdicts));
  const cases = [METADATA, CONFIGURATION, ...CASES].map(({ name, rule }, i) => ({
    number: i + 1,
    name,
    rule,
    ...verdicts.get(name)!,
  }));
  const code = (definition as Partial<AnyStrategy> | null | undefined)?.code;
  return {
    strategy: typeof code === 'string' ? code : '(none)',
    passed: cases.every(({ status }) => status !== 'fail'),
    cases,
  };
}

async function verdictOf(
  one: Case,
  subject: Subject | undefined,
  verdicts: ReadonlyMap<string, Verdict>,
): Promise<Verdict> {
  if (!subject) {
    const cause = [...verdicts].find(([, { status }]) => status === 'fail')![0];
    return skip(`not run: ${cause} failed`);
  }
  for (const name of one.needs) {
    const { status, detail } = verdicts.get(name) ?? skip('');
    if (status === 'fail' && name !== CONFIGURATION.name) return skip(`not run: ${name} failed`);
    if (status === 'skip' && detail.startsWith('not run')) return skip(detail);
  }
  try {
    return await one.run(subject);
  } catch (error) {
    return fail(`it threw ${describe(error)}`);
  }
}

function subjectOf(
  definition: AnyStrategy,
  config: unknown,
  world: ReturnType<typeof fixtureWorld>,
  validate: ValidateSchema,
  options: ConformanceOptions,
): Subject {
  const [seat] = seatAll([definition], world.plan, () => config);
  const members = [...new Set([...(definition.members ?? []), ...(definition.membersOf?.(config) ?? [])])].filter(
    (code) => code !== definition.code,
  );
  const artifacts = options.artifacts ?? {};
  return {
    definition,
    config,
    artifacts,
    world,
    seat: seat!,
    members,
    // with every feature there: what is missing has a case of its own
    tape: recordTape({ world, seat: { ...seat!, acceptsMissing: new Uint8Array(seat!.features.length) }, members }),
    deadlineMs: options.deadlineMs ?? 1000,
    settleBars: options.settleBars ?? 240,
    validate,
    now: () => performance.now(),
    open: (change = {}) =>
      openSession(definition, {
        config,
        instrument: world.instrument,
        featureHashes: world.plan.hashes,
        featureDefinitions: world.plan.definitions,
        artifacts,
        ...change,
      }),
  };
}
