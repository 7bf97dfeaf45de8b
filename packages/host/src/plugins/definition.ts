import { STRATEGY_BRAND, type AnyStrategy } from '@signalbox/core';

export const API_VERSION = 1;
/** More than any strategy needs, and few enough to be shown. */
const MOST_NAMES = 500;

/** A definition without its functions: what crosses a process. */
export type Description = Omit<AnyStrategy, 'create' | 'membersOf' | 'metered'> & {
  /** It says that its answers cost, whatever its configuration makes of it: on the safe side, since functions do not cross. */
  readonly metered?: unknown;
  /** It says that its configuration names further members: whom, only its process can tell. */
  readonly gathers?: unknown;
};

/** Whether the strategy listens to others whom only its own process can name. */
export function gathers(definition: object): boolean {
  return (definition as Description).gathers === true;
}

/** What a definition says, for another process; the brand and `create` are told as facts. */
export function describe(value: unknown): Record<string, unknown> {
  const d = (typeof value === 'object' && value !== null ? value : {}) as Partial<AnyStrategy>;
  const { $$type, code, name, type, apiVersion, features, members, artifacts, config, state, acceptsMissing } = d;
  const creates = typeof d.create === 'function';
  const metered = typeof d.metered === 'function';
  const gathers = typeof d.membersOf === 'function';
  const facts = { creates, metered, gathers };
  return {
    $$type,
    code,
    name,
    type,
    apiVersion,
    features,
    members,
    artifacts,
    config,
    state,
    acceptsMissing,
    ...facts,
  };
}

/** What is wrong with a description, all of it together; empty when nothing is. */
export function descriptionFaults(value: unknown, code: string): string[] {
  const d = value as Partial<Description> & { readonly creates?: unknown };
  if (d?.$$type !== STRATEGY_BRAND) return ['its default export was not made by defineStrategy'];
  const problems: string[] = [];
  if (d.code !== code) problems.push(`its code is ${String(d.code)}, its package.json says ${code}`);
  if (!/^[A-Z][A-Z0-9_]{1,49}$/.test(String(d.code))) problems.push('its code must be 2–50 of A–Z, 0–9 and _');
  if (typeof d.name !== 'string' || d.name === '') problems.push('it has no name');
  if (!['RL', 'ML', 'LLM', 'ENSEMBLE'].includes(String(d.type))) problems.push(`its type ${String(d.type)} is unknown`);
  if (d.apiVersion !== API_VERSION) problems.push(`its apiVersion is ${String(d.apiVersion)}`);
  if (!names(d.features)) problems.push('its features are no list of names');
  if (d.members !== undefined && !names(d.members)) problems.push('its members are no list of names');
  if (d.acceptsMissing !== undefined && !names(d.acceptsMissing)) problems.push('acceptsMissing is no list of names');
  if (d.artifacts !== undefined && !Object.values(d.artifacts ?? [0]).every(names))
    problems.push('its artifacts are no lists of formats');
  if (d.creates !== true) problems.push('it has no create function');
  return problems;
}

export function names(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MOST_NAMES && value.every((name) => typeof name === 'string');
}
