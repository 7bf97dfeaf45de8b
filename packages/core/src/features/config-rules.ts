import { BAR_FIELDS } from './bar-kernel.js';
import { POSITION_FIELDS } from './position-features.js';
import type { Checker } from './check.js';
import type {
  Availability,
  FeatureDefinition,
  FeatureSource,
  FeatureTransform,
  Normalisation,
  SeriesDefinition,
} from './config.js';
import { CALENDAR_FIELDS } from './calendar-features.js';
import { fits, shapeAfter, TRANSFORMS, type Parameters, type Shape, type Transforms } from './transforms.js';
import { createZone } from '../market/zone.js';

/** Names of features and series: also SQL column names, so at most 63 characters. */
export const NAME = /^[a-z][a-z0-9_]{0,62}$/;
const SYMBOL = /^[A-Z0-9]{2,12}(?:\/[A-Z0-9]{2,12})?$/;
const TIME = /^([01][0-9]|2[0-3]):[0-5][0-9]$/;
/** What max_age_days is when a series does not say: 7 days, or the lag and the time to the next value. */
const MAX_AGE = { daily: 7, monthly: 40, quarterly: 120 } as const;

export function checkSeries(check: Checker, path: string, json: unknown): SeriesDefinition | undefined {
  const found = check.object(path, json, ['frequency'], ['available', 'max_age_days', 'notes']);
  if (!found) return undefined;
  check.notes(`${path}.notes`, found['notes']);
  const frequency = found['frequency'];
  if (!check.oneOf(`${path}.frequency`, frequency, ['daily', 'monthly', 'quarterly'])) return undefined;
  if (frequency !== 'daily' && found['available'] === undefined) {
    return check.problem(`${path}.available`, `a ${frequency} series must state a lag: {"rule": "lag", "days": …}`);
  }
  const available = checkAvailability(check, `${path}.available`, found['available'] ?? { rule: 'next_session_day' });
  if (!available) return undefined;
  if (frequency !== 'daily' && available.rule !== 'lag') {
    return check.problem(`${path}.available.rule`, `must be lag for a ${frequency} series`);
  }
  const lag = frequency !== 'daily' && available.rule === 'lag' ? available.days : 0;
  const maxAge = found['max_age_days'] ?? lag + MAX_AGE[frequency];
  if (!check.integer(`${path}.max_age_days`, maxAge, 1, 4000)) return undefined;
  return { frequency, available, max_age_days: maxAge };
}

function checkAvailability(check: Checker, path: string, json: unknown): Availability | undefined {
  const rule = check.record(path, json)?.['rule'];
  if (rule === undefined || !check.oneOf(`${path}.rule`, rule, ['next_session_day', 'lag'])) {
    return rule === undefined ? check.problem(`${path}.rule`, 'is missing') : undefined;
  }
  const found = check.object(path, json, rule === 'lag' ? ['rule', 'days'] : ['rule'], ['time', 'zone'])!;
  const { days, time = '08:00', zone = 'America/Bogota' } = found;
  if (!check.text(`${path}.time`, time, TIME, 'a time from 00:00 to 23:59')) return undefined;
  if (typeof zone !== 'string' || !isZone(zone)) return check.problem(`${path}.zone`, 'must be an IANA time zone');
  if (rule === 'next_session_day') return { rule, time, zone };
  return check.integer(`${path}.days`, days, 0, 1000) ? { rule, days, time, zone } : undefined;
}

function isZone(zone: string): boolean {
  try {
    createZone(zone);
    return true;
  } catch {
    return false;
  }
}

export function checkFeature(
  check: Checker,
  path: string,
  json: unknown,
  series: readonly string[],
  of: 'bar' | 'position' = 'bar',
  transforms: Transforms = TRANSFORMS,
): FeatureDefinition | undefined {
  const found = check.object(path, json, ['name', 'source', 'transforms', 'normalisation', 'stable_after'], ['notes']);
  if (!found) return undefined;
  check.notes(`${path}.notes`, found['notes']);
  const { name, stable_after } = found;
  const named = check.text(`${path}.name`, name, NAME, 'a name of a-z, 0-9 and _, at most 63 long');
  const source = checkSource(check, `${path}.source`, found['source'], series, of);
  const chain = source && checkChain(check, `${path}.transforms`, found['transforms'], shapeOf(source), transforms);
  const normalisation = checkNormalisation(check, `${path}.normalisation`, found['normalisation']);
  const needed = chain ? warmUp(chain, transforms) : 0;
  const stable = check.integer(`${path}.stable_after`, stable_after, needed, 100_000);
  return named && source && chain && normalisation && stable
    ? { name, source, transforms: chain, normalisation, stable_after }
    : undefined;
}

function checkSource(
  check: Checker,
  path: string,
  json: unknown,
  series: readonly string[],
  of: 'bar' | 'position',
): FeatureSource | undefined {
  const kind = check.record(path, json);
  if (!kind) return undefined;
  if (of === 'position') {
    const { position } = check.object(path, json, ['position']) ?? {};
    return check.oneOf(`${path}.position`, position, POSITION_FIELDS) ? { position } : undefined;
  }
  if ('position' in kind) return check.problem(path, 'a feature of the position stands under position_features');
  if ('bar' in kind) {
    const { bar, symbol } = check.object(path, json, ['bar'], ['symbol'])!;
    const other = symbol === undefined ? {} : { symbol: symbol as string };
    if (symbol !== undefined && !check.text(`${path}.symbol`, symbol, SYMBOL, 'a symbol such as USD/MXN'))
      return undefined;
    if (Array.isArray(bar) && bar.join() === 'high,low,close') return { bar: ['high', 'low', 'close'], ...other };
    return check.oneOf(`${path}.bar`, bar, BAR_FIELDS) ? { bar, ...other } : undefined;
  }
  if ('calendar' in kind) {
    const { calendar } = check.object(path, json, ['calendar'])!;
    return check.oneOf(`${path}.calendar`, calendar, CALENDAR_FIELDS) ? { calendar } : undefined;
  }
  if (!('series' in kind)) return check.problem(path, 'must have one of bar, series, calendar');
  const { series: named } = check.object(path, json, ['series'])!;
  if (!Array.isArray(named)) return check.oneOf(`${path}.series`, named, series) ? { series: named } : undefined;
  if (named.length !== 2) return check.problem(`${path}.series`, 'must name one series or two');
  const known = named.every((one, i) => check.oneOf(`${path}.series.${i}`, one, series));
  return known ? { series: [named[0] as string, named[1] as string] } : undefined;
}

export function shapeOf(source: FeatureSource): Shape {
  if ('position' in source || 'calendar' in source) return 'number';
  if ('bar' in source) return Array.isArray(source.bar) ? 'bar range' : 'bar field';
  return Array.isArray(source.series) ? 'two series' : 'series';
}

function checkChain(
  check: Checker,
  path: string,
  json: unknown,
  start: Shape,
  transforms: Transforms,
): readonly FeatureTransform[] | undefined {
  let shape = start;
  let good = true;
  // a number may stand as it is
  const chain = start === 'number' && Array.isArray(json) && json.length === 0 ? [] : check.list(path, json);
  chain?.forEach((item, i) => {
    if (!good) return;
    const at = `${path}.${i}`;
    const fitting = [...transforms.values()].filter((t) => fits(t, shape)).map((t) => t.name);
    const name = check.record(at, item)?.['name'];
    if (fitting.length === 0) check.problem(at, `nothing takes a ${shape}: the chain ends here`);
    good = fitting.length > 0 && check.oneOf(`${at}.name`, name, fitting);
    const transform = transforms.get(String(name));
    if (!good || !transform) return;
    const rules = Object.entries(transform.parameters);
    const found = check.object(at, item, ['name', ...rules.map(([key]) => key)])!;
    const before = check.problems.length;
    for (const [key, rule] of rules) {
      if (rule.type === 'field') check.oneOf(`${at}.${key}`, found[key], BAR_FIELDS);
      else if (rule.type === 'number') check.numberWithin(`${at}.${key}`, found[key], rule.minimum, rule.maximum);
      else check.integer(`${at}.${key}`, found[key], rule.minimum, rule.maximum);
    }
    good = check.problems.length === before;
    shape = shapeAfter(transform, shape);
  });
  return good && chain ? (chain as readonly FeatureTransform[]) : undefined;
}

/** Stored bars that must precede the first value of a chain. */
function warmUp(chain: readonly FeatureTransform[], transforms: Transforms): number {
  return chain.reduce((bars, step) => {
    const transform = transforms.get(step.name);
    return bars + (transform && 'warmUp' in transform ? (transform.warmUp?.(step as Parameters) ?? 0) : 0);
  }, 0);
}

function checkNormalisation(check: Checker, path: string, json: unknown): Normalisation | undefined {
  const kind = check.record(path, json)?.['kind'];
  if (kind === undefined) return check.problem(`${path}.kind`, 'must be one of none, range, z_score, is missing');
  if (!check.oneOf(`${path}.kind`, kind, ['none', 'range', 'z_score'])) return undefined;
  const keys = { none: [], range: ['min', 'max'], z_score: ['mean', 'sd'] }[kind];
  const found = check.object(path, json, ['kind', ...keys], ['clip'])!;
  const { clip } = found;
  const numbers = keys.filter((key) => check.number(`${path}.${key}`, found[key]));
  if (kind === 'range' && numbers.length === 2 && !(Number(found['max']) > Number(found['min'])))
    check.problem(`${path}.max`, 'must be above min');
  if (kind === 'z_score' && numbers.length === 2 && !(Number(found['sd']) > 0))
    check.problem(`${path}.sd`, 'must be above 0');
  if (clip !== undefined && !(isPair(clip) && clip[0] < clip[1]))
    check.problem(`${path}.clip`, 'must be two numbers, the lower one first');
  return found as unknown as Normalisation;
}

function isPair(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
}
