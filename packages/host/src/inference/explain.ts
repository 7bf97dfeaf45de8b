import { SignalboxError, type AnyView, type Clock, type MemberOpinion, type Opinion } from '@signalbox/core';
import type { Pool } from 'pg';
import type { OpenStrategies } from '../plugins/open.js';
import { readAnswers } from '../stores/postgres/answers.js';
import {
  keepsState,
  readBar,
  readPositionAt,
  readSignalRecord,
  strategyIds,
  type SignalRecord,
} from '../stores/postgres/explain.js';
import { asKnownHere, type AsKnown } from './as-known.js';
import type { KnownFeatures } from './features-as-known.js';
import type { Plan } from './plan.js';

type Value = number | string | null;

/** What is found now beside what is stored. */
export interface Comparison {
  /** Null where the two cannot be compared; `note` says why. */
  readonly equal: boolean | null;
  readonly differences: readonly { readonly name: string; readonly stored: Value; readonly found: Value }[];
  readonly note: string | null;
}

/** A stored signal, and whether it comes out again. */
export interface Explanation {
  readonly signal: SignalRecord;
  /** (a) The plugin on the stored vector. */
  readonly storedVector: Comparison;
  /** (b) The features of the bar from what was known when it was decided upon. */
  readonly asKnownThen: Comparison;
  /** (c) The same from what is known now. */
  readonly asKnownToday: Comparison;
}

/** One strategy opened aside, for a question about the past: without saved state, and nobody counts its faults. */
export interface Aside {
  readonly strategies: OpenStrategies;
  /** Codes that it hears, as the live set has them. */
  readonly members: readonly string[];
  /** Its model may be evaluated by another library than the one that decided: then 1e-5 counts as equal. */
  readonly approximate: boolean;
}

export interface Explainer {
  /** One question at a time: each runs all bars up to the signal's. @throws SIGNAL_UNKNOWN, STORE_DOWN */
  explain(signalId: number): Promise<Explanation>;
}

export function createExplainer(options: {
  readonly pool: () => Pool;
  readonly plan: Plan;
  readonly clock: Pick<Clock, 'now'>;
  /** Computes the features again; on this thread by default. */
  readonly asKnown?: AsKnown;
  /** Null where the strategy is not installed here. The caller closes it. */
  readonly openAside: (code: string) => Promise<Aside | null>;
}): Explainer {
  const { plan, clock, openAside, asKnown = asKnownHere(options.pool, options.plan) } = options;
  const explain = async (signalId: number): Promise<Explanation> => {
    const pool = options.pool();
    const signal = await readSignalRecord(pool, signalId);
    if (!signal)
      throw new SignalboxError(
        'SIGNAL_UNKNOWN',
        `there is no signal ${signalId}`,
        'GET /api/models/{code}/signals lists them.',
      );
    const storedVector = await askedAgain(pool, signal, openAside);
    const [asKnownThen, asKnownToday] = await recomputed(plan, asKnown, signal, [
      signal.dataWatermark ?? signal.timestamp,
      clock.now(),
    ]);
    return { signal, storedVector, asKnownThen, asKnownToday };
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    explain(signalId) {
      const mine = last.then(() => explain(signalId));
      last = mine.catch(() => {});
      return mine;
    },
  };
}

const unknown = (note: string): Comparison => ({ equal: null, differences: [], note });
const NO_VECTOR = 'no feature vector is stored with the signal: it came from outside';

async function askedAgain(
  pool: Pool,
  signal: SignalRecord,
  openAside: (code: string) => Promise<Aside | null>,
): Promise<Comparison> {
  const { code, vector, featureNames } = signal;
  if (vector === null || featureNames === null) return unknown(NO_VECTOR);
  const bar = await readBar(pool, signal.symbol, signal.barTime);
  if (!bar) return unknown('the bar is no longer stored');
  const aside = await openAside(code);
  if (!aside) return unknown(`the package of ${code} is not installed here`);
  const { strategies, members } = aside;
  try {
    const seat = strategies.seats.find((each) => each.code === code);
    const status = strategies.status().find((each) => each.code === code);
    if (!seat) return unknown(`${code} does not run here: ${status?.reason ?? status?.state ?? 'not installed'}`);
    const { pluginVersion, modelSha256 } = strategies.provenance(code);
    if (modelSha256 !== signal.modelSha256)
      return unknown(`another model serves now: ${modelSha256 ?? 'none'}, then ${signal.modelSha256 ?? 'none'}`);
    if (seat.metered) return unknown('its answers cost: it is not asked again');
    const opinions = await heard(pool, signal, members);
    if (opinions === null) return unknown('what its members said of this bar is not stored to the bit');
    const values = Float64Array.from(vector, (value) => value ?? NaN);
    const view: AnyView = {
      bar,
      features: Object.fromEntries(featureNames.map((name, i) => [name, values[i]!])),
      vector: values,
      position: await readPositionAt(pool, signal, signal.strategyId),
      opinions,
    };
    const stateful = await keepsState(pool, signal, signal.strategyId);
    const said = await strategies.ask(seat, view);
    const differences = differencesOf(signal, said, aside.approximate);
    const notes = [
      ...(pluginVersion === signal.pluginVersion
        ? []
        : [`version ${pluginVersion} was asked, not ${signal.pluginVersion}`]),
      ...(stateful ? ['it keeps a state, and the one before this bar is not stored: it was asked without'] : []),
    ];
    return {
      // what another version or another state says proves nothing against the signal
      equal: differences.length === 0 ? true : notes.length === 0 ? false : null,
      differences,
      note: notes.length === 0 ? null : notes.join('; '),
    };
  } finally {
    await strategies.close();
  }
}

/** The members' answers as their ensemble heard them; null where one is not stored. */
async function heard(
  pool: Pool,
  signal: SignalRecord,
  members: readonly string[],
): Promise<Readonly<Record<string, MemberOpinion>> | null> {
  if (members.length === 0) return {};
  const answers = await readAnswers(pool, { ...signal, codes: members });
  const ids = await strategyIds(pool, members);
  const opinions: Record<string, MemberOpinion> = {};
  for (const code of members) {
    const answer = answers.get(code);
    if (!answer) return null;
    const position = answer.signal === 'close' ? await readPositionAt(pool, signal, ids.get(code)!) : undefined;
    opinions[code] = position && position.side !== 'flat' ? { ...answer, closes: position.side } : answer;
  }
  return opinions;
}

const FIELDS = ['signal', 'confidence', 'score', 'confidenceFloor', 'size', 'stopDistance', 'targetDistance'] as const;
const TOLERANCE = 1e-5;

function differencesOf(signal: SignalRecord, said: Opinion, approximate: boolean): Comparison['differences'] {
  const found = said as unknown as Record<string, Value | undefined>;
  const exact = signal.opinion as unknown as Record<string, Value | undefined> | null;
  const names: readonly string[] = exact ? [...FIELDS, ...(approximate ? [] : ['reasoning'])] : ['signal', 'reasoning'];
  const stored = exact ?? { signal: signal.signal, reasoning: signal.reasoning };
  return names.flatMap((name) => {
    const [was, is] = [stored[name] ?? null, found[name] ?? null];
    const near =
      approximate &&
      typeof was === 'number' &&
      typeof is === 'number' &&
      Math.abs(was - is) <= TOLERANCE * Math.max(1, Math.abs(was));
    return was === is || near ? [] : [{ name, stored: was, found: is }];
  });
}

async function recomputed(
  plan: Plan,
  asKnown: AsKnown,
  signal: SignalRecord,
  asOf: readonly [then: number, today: number],
): Promise<[then: Comparison, today: Comparison]> {
  const none = (note: string): [Comparison, Comparison] => [unknown(note), unknown(note)];
  if (signal.vector === null || signal.featureNames === null) return none(NO_VECTOR);
  if (signal.symbol !== plan.instrument.symbol) return none(`the features of ${signal.symbol} are not computed here`);
  const [then, today] = await asKnown(signal.barTime, asOf);
  return [compared(plan, signal, then ?? null), compared(plan, signal, today ?? null)];
}

function compared(plan: Plan, signal: SignalRecord, known: KnownFeatures | null): Comparison {
  const { vector, featureNames, featureHashes } = signal;
  if (!known || !vector || !featureNames) return unknown('the bar was not known at that time');
  const differences: { name: string; stored: number | null; found: number | null }[] = [];
  const elsewhere: string[] = [];
  const redefined: string[] = [];
  for (const [i, name] of featureNames.entries()) {
    const column = known.names.indexOf(name);
    if (column < 0) {
      elsewhere.push(name);
      continue;
    }
    if (featureHashes?.[name] !== plan.features.hashes[name]) redefined.push(name);
    const value = known.values[column]!;
    const [stored, found] = [vector[i] ?? null, Number.isNaN(value) ? null : value];
    if (stored !== found) differences.push({ name, stored, found });
  }
  const notes = [
    ...(elsewhere.length > 0 ? [`not features of the bar alone, and not computed again: ${elsewhere.join(', ')}`] : []),
    ...(redefined.length > 0 ? [`defined otherwise since: ${redefined.join(', ')}`] : []),
  ];
  return { equal: differences.length === 0, differences, note: notes.length === 0 ? null : notes.join('; ') };
}
