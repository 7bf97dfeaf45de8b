import type { FeaturePlan, FeatureRow } from '../features/engine.js';
import type { PositionFeatures } from '../features/position-features.js';
import type { Bar } from '../market/bar.js';
import type { Position } from '../market/position.js';
import type { AnyStrategy, AnyView } from './contract.js';
import type { MemberOpinion, Opinion } from './opinion.js';

/** A strategy's place at the table of one symbol: what the pipeline needs to know of it, and no more. */
export interface Seat {
  readonly code: string;
  readonly type: AnyStrategy['type'];
  readonly features: readonly string[];
  /** Column of each declared feature in the engine's row; −1 for none; from −2 down: −2 − column in the row of `own`. */
  readonly columns: Int32Array;
  /** Features of its own position; null when it declares none. */
  readonly own?: PositionFeatures | null;
  /** 1 where the strategy handles a missing value itself. */
  readonly acceptsMissing: Uint8Array;
  /** Codes of active strategies that are asked first. */
  readonly members: readonly string[];
  /** An answer costs: asked on live bars only. */
  readonly metered?: boolean;
  /** Its signals come from outside: what they fix themselves stands, and none is made flat. */
  readonly external?: boolean;
  /** The confidence at which size is 0: .5 for class probabilities and the LLM, 0 for RL and ensemble. */
  readonly confidenceFloor: number;
  /** Reused for every bar. */
  readonly vector: Float64Array;
}

/** The confidence at which size is 0, by the type of a strategy. */
export const floorOfType = (type: AnyStrategy['type']): number => (type === 'ML' || type === 'LLM' ? 0.5 : 0);

/** The seat of a strategy that runs elsewhere: it reads no features and is no member of an ensemble. */
export function externalSeat(code: string, type: AnyStrategy['type']): Seat {
  return {
    code,
    type,
    features: [],
    columns: new Int32Array(0),
    acceptsMissing: new Uint8Array(0),
    members: [],
    external: true,
    confidenceFloor: floorOfType(type),
    vector: new Float64Array(0),
  };
}

/** The features that seats choose from: a plan, or names of bar features only. */
export type FeatureChoice =
  readonly string[] | (Pick<FeaturePlan, 'names'> & Partial<Pick<FeaturePlan, 'positionNames' | 'position'>>);

/** Seats in asking order: members before their ensemble. `config` is each strategy's validated configuration by code. */
export function seatAll(
  strategies: readonly AnyStrategy[],
  features: FeatureChoice,
  config: (code: string) => unknown,
): Seat[] {
  const byCode = new Map(strategies.map((s) => [s.code, s]));
  const plan = 'names' in features ? features : undefined;
  const names = plan?.names ?? (features as readonly string[]);
  const place = (name: string): number => {
    const own = plan?.positionNames?.indexOf(name) ?? -1;
    return own < 0 ? names.indexOf(name) : -2 - own;
  };
  const seats: Seat[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (s: AnyStrategy): void => {
    if (state.get(s.code) === 'done') return;
    if (state.get(s.code) === 'open') throw new RangeError(`strategy ${s.code} is a member of itself`);
    state.set(s.code, 'open');
    const wanted = new Set([...(s.members ?? []), ...(s.membersOf?.(config(s.code)) ?? [])]);
    wanted.delete(s.code);
    const members = [...wanted].filter((code) => byCode.has(code));
    members.forEach((code) => visit(byCode.get(code)!));
    seats.push({
      code: s.code,
      type: s.type,
      features: s.features,
      columns: Int32Array.from(s.features, place),
      own: s.features.some((name) => plan?.positionNames?.includes(name)) ? plan!.position!() : null,
      acceptsMissing: Uint8Array.from(s.features, (name) => (s.acceptsMissing?.includes(name) ? 1 : 0)),
      members,
      metered: s.metered?.(config(s.code)) ?? false,
      confidenceFloor: floorOfType(s.type),
      vector: new Float64Array(s.features.length),
    });
    state.set(s.code, 'done');
  };
  strategies.forEach(visit);
  return seats;
}

/** The reason to ask nobody, if there is one. */
export function silenceOf(market: { readonly stale: boolean }): Opinion | undefined {
  return market.stale ? { signal: 'none', code: 'stale', reasoning: 'the price has not moved for 12 bars' } : undefined;
}

/**
 * The reason not to ask, if there is one: a stale price, a required feature that is missing. Its own position features
 * are in `seat.own.row` already.
 */
export function askable(seat: Seat, market: { readonly stale: boolean }, row: FeatureRow): Opinion | undefined {
  const silence = silenceOf(market);
  if (silence) return silence;
  let warming = '';
  let missing = '';
  for (let i = 0; i < seat.columns.length; i++) {
    const column = seat.columns[i]!;
    const status = column < -1 ? seat.own!.row.status[-2 - column] : row.status[column];
    if (seat.acceptsMissing[i] || status === 0) continue;
    if (status === 1) warming += (warming && ', ') + seat.features[i];
    else missing += (missing && ', ') + seat.features[i];
  }
  if (missing) return { signal: 'none', code: 'missing_feature', reasoning: `missing: ${missing}` };
  if (warming) return { signal: 'none', code: 'warming_up', reasoning: `warming up: ${warming}` };
  return undefined;
}

export function viewOf(
  seat: Seat,
  bar: Bar,
  row: FeatureRow,
  position: Position,
  opinions: Readonly<Record<string, MemberOpinion>>,
): AnyView {
  const features: Record<string, number> = {};
  const { columns, vector, own } = seat;
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!;
    features[seat.features[i]!] = vector[i] = column < -1 ? own!.row.values[-2 - column]! : row.values[column]!;
  }
  return { bar, features, vector, position, opinions };
}

const NOBODY: Readonly<Record<string, MemberOpinion>> = /* @__PURE__ */ Object.freeze({});

/** The members' answers as their ensemble sees them; a `close` tells which side it leaves. */
export function membersSeen(
  codes: readonly string[],
  answers: readonly Opinion[],
  sideOf: (code: string) => 'long' | 'short' | undefined,
): Readonly<Record<string, MemberOpinion>> {
  if (codes.length === 0) return NOBODY;
  const seen: Record<string, MemberOpinion> = {};
  codes.forEach((code, i) => {
    const answer = answers[i]!;
    const closes = answer.signal === 'close' ? sideOf(code) : undefined;
    seen[code] = closes ? { ...answer, closes } : answer;
  });
  return seen;
}
