import { isSignalboxError, StrategyUnavailable } from '../errors.js';
import type { Instrument } from '../market/instrument.js';
import { isPromise, type Maybe } from '../maybe.js';
import type { AnySession, AnyStrategy, AnyView, Artifact, Context, Turn } from './contract.js';
import { opinionFault } from './opinion-check.js';
import type { NoOpinionCode, Opinion } from './opinion.js';
import { seededRandom } from './random.js';

export interface SessionOptions {
  /** Valid by the definition's schema: validation is the caller's (a port, so that core needs no validator). */
  readonly config: unknown;
  readonly artifacts?: Readonly<Record<string, Artifact>>;
  readonly instrument: Instrument;
  /** What `save` gave, or undefined for a fresh start. */
  readonly saved?: unknown;
  readonly featureHashes: Readonly<Record<string, string>>;
  readonly featureDefinitions?: Readonly<Record<string, object>>;
  readonly log?: Context<unknown, string, unknown>['log'];
  /** Seed of the strategy's `random`; 0 by default. */
  readonly seed?: number;
}

/**
 * Opens a strategy for one symbol. Its `random` begins anew at every bar, seeded by strategy, symbol and bar, so that a replay of any
 * bar draws the same numbers.
 *
 * @throws what `create` throws; STRATEGY_UNAVAILABLE naming a declared artifact that is not there
 */
export async function openSession(definition: AnyStrategy, options: SessionOptions): Promise<AnySession> {
  const artifacts = options.artifacts ?? {};
  for (const [name, formats] of Object.entries(definition.artifacts ?? {})) {
    if (!Object.hasOwn(artifacts, name))
      throw new StrategyUnavailable(
        `${definition.code} needs the artifact ${name} (${formats.join(' or ')}) and has none.`,
        'Name a model file under "signalbox": {"models": {…}} in the package.json of the strategy, with its manifest beside it.',
      );
  }
  const seedOf = (bar: string): string => `${options.seed ?? 0}|${definition.code}|${options.instrument.symbol}|${bar}`;
  let random = seededRandom(seedOf('create'));
  const inner = await definition.create({
    config: options.config,
    artifacts,
    instrument: options.instrument,
    saved: options.saved,
    featureHashes: options.featureHashes,
    ...(options.featureDefinitions && { featureDefinitions: options.featureDefinitions }),
    log: options.log ?? (() => {}),
    random: () => random(),
  });
  return {
    onBar(view, turn) {
      random = seededRandom(seedOf(String(view.bar.time)));
      return inner.onBar(view, turn);
    },
    ...(inner.save && { save: () => inner.save!() }),
    ...(inner.close && { close: () => inner.close!() }),
  };
}

/**
 * Asks a strategy about one bar. Never throws or rejects: a throw, an answer that is no opinion, and an aborted turn are a `none`
 * with code and reason, told to `onFault` as well. A promise comes back only when the strategy gave one.
 */
export function askSession(
  session: AnySession,
  view: AnyView,
  turn: Turn,
  onFault: (what: string) => void = () => {},
): Maybe<Opinion> {
  const silence = (code: NoOpinionCode, reasoning: string): Opinion => {
    onFault(reasoning);
    return { signal: 'none', code, reasoning };
  };
  const thrown = (error: unknown): Opinion =>
    turn.abort.aborted ? silence('timeout', LATE) : silence('unavailable', `the strategy failed: ${describe(error)}`);
  const check = (answer: unknown): Opinion => {
    if (turn.abort.aborted) return silence('timeout', LATE);
    const fault = opinionFault(answer);
    return fault === null ? (answer as Opinion) : silence('unavailable', `malformed opinion: ${fault}`);
  };
  let answer: Maybe<Opinion>;
  try {
    answer = session.onBar(view, turn);
    if (!isPromise(answer)) return check(answer);
  } catch (error) {
    return thrown(error);
  }
  return beforeAbort(Promise.resolve(answer), turn.abort).then(check, thrown);
}

const LATE = 'no answer before the deadline';

/** The promise, or a rejection as soon as the turn is aborted: a strategy that ignores the signal is not waited for. */
function beforeAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new Error(LATE));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** One line of bounded length, whatever was thrown. */
function describe(error: unknown): string {
  try {
    const text = isSignalboxError(error) ? `${error.code}: ${error.message}` : String(error);
    return text.length > 300 ? `${text.slice(0, 300)}…` : text;
  } catch {
    return 'an error that cannot be shown';
  }
}
