import { Type } from '@sinclair/typebox';
import { SignalboxError } from '@signalbox/core';
import { BarIntake } from '../../ingest/bar-intake.js';
import { MACRO_COLUMNS, MACRO_NOT_STORED } from '../../ingest/macro-columns.js';
import { isDate, MacroIntake } from '../../ingest/macro-intake.js';
import { momentReader } from '../../ingest/moment.js';
import { REASON_TEXT, type RejectReason } from '../../ingest/report.js';
import type { ServiceDependencies } from '../dependencies.js';
import { route } from '../route.js';
import { IngestResult } from './schemas.js';

/** Rows of one request; the body's bytes are bounded before it is read. */
const MAX_ROWS = 10_000;
const ERRORS = [400, 403, 409, 413, 415];

const SUMMARY =
  '`accepted` rows passed the checks; of them `unchanged` ones were stored already and `revised` ones replaced another value ' +
  '(which went to `revisions`), the others are new. `rejected` names each row that was not taken by its index. Idempotent: ' +
  'the same request again changes nothing. All accepted rows are stored in one transaction. ';

export const ingestBars = route({
  method: 'POST',
  path: '/api/ingest/bars',
  summary: 'Deliver bars',
  description:
    SUMMARY +
    'The checks are those of files: OHLC consistent, inside the session, of two rows for one bar the later counts. A bar that ' +
    'is not complete yet is stored and may be updated; it is decided upon when it was delivered again after its completion. ' +
    '422, and nothing stored, when most rows carry Bogota time labelled UTC.',
  body: Type.Object(
    {
      bars: Type.Array(
        Type.Object(
          {
            symbol: Type.Optional(Type.String({ maxLength: 21 })),
            time: Type.String({ maxLength: 40, description: 'Open time, ISO 8601 with Z or an offset' }),
            open: Type.Number(),
            high: Type.Number(),
            low: Type.Number(),
            close: Type.Number(),
            volume: Type.Optional(Type.Number()),
            source: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
          },
          { additionalProperties: false },
        ),
        { maxItems: MAX_ROWS },
      ),
    },
    { title: 'IngestBarsRequest', additionalProperties: false },
  ),
  response: IngestResult,
  role: 'trader',
  errors: ERRORS,
  async handler({ body: { bars } }, deps) {
    const { take, rejected } = openRequest(deps);
    const intake = new BarIntake({
      calendars: new Map(deps.instruments.map(({ symbol }) => [symbol, deps.calendar])),
      now: deps.clock.now(),
      unfinished: true,
      onReject: (index, reason) => rejected.set(index, reason),
    });
    const momentOf = momentReader();
    bars.forEach((bar, i) => {
      const moment = momentOf(bar.time);
      if (moment === undefined || moment === 'zoneless')
        throw parameter(
          `bars.${i}.time`,
          moment === undefined ? 'is no time' : 'does not say its time zone',
          'Write times as 2024-01-31T13:00:00Z.',
        );
      const { symbol = intake.defaultSymbol, open, high, low, close, volume = 0, source = 'api' } = bar;
      refuseSimulated(source, `bars.${i}.source`);
      intake.put(i, symbol, moment, open, high, low, close, volume, source, () => '');
    });
    const local = intake.rejections.count('bogota_labelled_utc');
    if (local * 2 > bars.length)
      throw new SignalboxError(
        'INPUT_TIMEZONE',
        `${local} of ${bars.length} rows carry Bogota time labelled UTC; nothing was taken`,
        'Send the times in UTC, or with the offset -05:00.',
      );
    const accepted = intake.finish().bars;
    return answer(bars.length, accepted.length, await take.bars(accepted), rejected);
  },
});

export const ingestMacro = route({
  method: 'POST',
  path: '/api/ingest/macro',
  summary: 'Deliver macro values',
  description:
    SUMMARY +
    'Each row has a `date` and values under the names of `macro_indicators_daily`, or the long ones of files. A null says ' +
    'nothing: it never erases a stored value. `unknown_columns` names keys that nothing is known about, `unstored_columns` those ' +
    'without a place in the store; both are left out.',
  body: Type.Object(
    {
      rows: Type.Array(
        Type.Object(
          {
            date: Type.String({ maxLength: 10, description: 'YYYY-MM-DD' }),
            source: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
          },
          { additionalProperties: Type.Union([Type.Number(), Type.Null()]), maxProperties: 100 },
        ),
        { maxItems: MAX_ROWS },
      ),
    },
    { title: 'IngestMacroRequest', additionalProperties: false },
  ),
  response: IngestResult,
  role: 'trader',
  errors: ERRORS,
  async handler({ body: { rows } }, deps) {
    const { take, rejected } = openRequest(deps);
    const unknown = new Set<string>();
    const unstored = new Set<string>();
    const intake = new MacroIntake({
      now: deps.clock.now(),
      onReject: (index, reason) => rejected.set(index, reason),
    });
    const sources = new Set<string>();
    rows.forEach((row, i) => {
      const {
        date,
        source = 'api',
        ...columns
      } = row as { date: string; source?: string } & Record<string, number | null>;
      if (!isDate(date)) throw parameter(`rows.${i}.date`, 'is no date', 'Write dates as YYYY-MM-DD.');
      refuseSimulated(source, `rows.${i}.source`);
      sources.add(source);
      const values: (number | null)[] = MACRO_COLUMNS.map(() => null);
      for (const [name, value] of Object.entries(columns)) {
        const place = PLACES.get(name);
        if (place === undefined) (NOT_STORED.has(name) ? unstored : unknown).add(name.slice(0, 100));
        else if (values[place] !== null && value !== null)
          throw parameter(`rows.${i}.${name}`, 'is given under both of its names', 'Give it once.');
        else if (value !== null) values[place] = value;
      }
      intake.put(i, date, values);
    });
    const accepted = intake.finish();
    // one request mostly has one source; several are told as one
    const counts = await take.macro(accepted, [...sources].sort().join('+').slice(0, 100) || 'api');
    return {
      ...answer(rows.length, accepted.length, counts, rejected),
      unknown_columns: [...unknown].slice(0, 100),
      unstored_columns: [...unstored],
    };
  },
});

const PLACES = new Map(MACRO_COLUMNS.flatMap(({ name, longName }, i) => [[name, i] as const, [longName, i] as const]));
const NOT_STORED = new Set(Object.entries(MACRO_NOT_STORED).flat());

function openRequest(deps: ServiceDependencies) {
  if (deps.world !== 'market')
    throw new SignalboxError(
      'WORLD_MISMATCH',
      'rows of a market, and this is a simulated world',
      'Send them to a host of a market world; the demo makes its own bars.',
    );
  return { take: deps.ingest, rejected: new Map<number, RejectReason>() };
}

function answer(
  received: number,
  accepted: number,
  { unchanged, revised }: { readonly unchanged: number; readonly revised: number },
  rejected: ReadonlyMap<number, RejectReason>,
) {
  return {
    received,
    accepted,
    unchanged,
    revised,
    rejected: [...rejected]
      .sort(([a], [b]) => a - b)
      .map(([index, reason]) => ({ index, reason, meaning: REASON_TEXT[reason] })),
  };
}

function refuseSimulated(source: string, name: string): void {
  if (source === 'simulated')
    throw new SignalboxError(
      'WORLD_MISMATCH',
      `${name}: a simulated row for a market world`,
      'Simulated rows belong in a demo world.',
    );
}

const parameter = (name: string, problem: string, remedy: string): SignalboxError =>
  new SignalboxError('PARAMETER_INVALID', `${name}: ${problem}`, remedy);
