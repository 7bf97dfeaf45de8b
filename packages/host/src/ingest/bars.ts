import { createZone, round, SignalboxError, type Calendar } from '@signalbox/core';
import type { SourcedBar } from '../stores/postgres/bars.js';
import { columnsOf, malformed, readCsv, type CsvInput, type ReadCsvOptions } from './csv.js';
import { momentReader } from './moment.js';
import { Rejections, type IngestReport, type RejectReason } from './report.js';

export interface BarsFile {
  /** Accepted bars, in order of time. */
  readonly bars: SourcedBar[];
  readonly report: IngestReport;
}

export interface ReadBarsOptions extends ReadCsvOptions {
  /** Calendars by symbol; the first symbol is that of a file without a symbol column. */
  readonly calendars: ReadonlyMap<string, Calendar>;
  /** The zone of the digits in the time column, whatever label they carry. */
  readonly zone?: string;
  /** Where the rows came from, when the file does not say. */
  readonly source?: string;
  /** Wall time, epoch milliseconds: a bar that is not complete by then cannot be. */
  readonly now?: number;
  /** Simulated rows are taken only where asked for: a market world has none. */
  readonly simulated?: boolean;
}

const REQUIRED = ['time', 'open', 'high', 'low', 'close'] as const;
const KNOWN = new Set<string>([...REQUIRED, 'symbol', 'volume', 'source']);
/** Times of writing that other systems export beside a bar. */
const UNSTORED = new Set(['created_at', 'updated_at', 'recorded_at']);
/** NUMERIC(12,6). */
const PRICE_LIMIT = 1e6;

/** A file that is refused as a whole, with the report of what was found in it. */
export class FileRefused extends SignalboxError {
  constructor(
    code: 'INPUT_TIMEZONE',
    message: string,
    remedy: string,
    readonly data: IngestReport,
  ) {
    super(code, message, remedy);
  }
}

/**
 * Reads and checks a file of bars; touches no store. Of two rows for one bar the later counts as a whole.
 * @throws CSV_MALFORMED, CSV_COLUMN_MISSING; INPUT_TIMEZONE when most rows carry the calendar's local time labelled UTC;
 * WORLD_MISMATCH for simulated rows where real ones are wanted.
 */
export async function readBars(input: CsvInput, options: ReadBarsOptions): Promise<BarsFile> {
  const { calendars, zone, now = Infinity, source: defaultSource = 'csv' } = options;
  const symbols = new Map(
    [...calendars.keys()].flatMap(
      (symbol) =>
        [
          [symbol, symbol],
          [symbol.replace('/', ''), symbol],
        ] as const,
    ),
  );
  const defaultSymbol = calendars.keys().next().value!;
  const timing = new Map([...calendars].map(([symbol, calendar]) => [symbol, timingOf(calendar)] as const));
  const rejections = new Rejections();
  const unknownColumns: string[] = [];
  const unstoredColumns: string[] = [];
  const accepted = new Map([...calendars.keys()].map((symbol) => [symbol, new Accepted()] as const));
  let read = 0;

  await readCsv(
    input,
    (columns) => {
      const place = columnsOf(input.name, columns, REQUIRED);
      for (const name of columns) {
        if (!KNOWN.has(name)) (UNSTORED.has(name) ? unstoredColumns : unknownColumns).push(name);
      }
      const [time, open, high, low, close] = REQUIRED.map(place) as [number, number, number, number, number];
      const [symbolAt, volumeAt, sourceAt] = [place('symbol'), place('volume'), place('source')];
      const momentOf = momentReader(zone);
      // a slice of the text would keep the whole text in memory; and there are few sources
      const sources = new Map<string, string>();
      const sourceOf = (text: string): string => {
        let source = sources.get(text);
        if (source === undefined)
          sources.set(text, (source = Buffer.from(text).toString().trim().slice(0, 100) || defaultSource));
        return source;
      };
      const numberOf = (fields: readonly string[], at: number, line: number): number => {
        const text = fields[at]!;
        const value = Number(text);
        if (Number.isFinite(value) && text.trim() !== '') return value;
        throw malformed(
          input.name,
          line,
          `"${text.slice(0, 40)}" is no number`,
          'Mend or remove the line; nothing of the file was taken.',
          columns[at]!,
        );
      };
      return (fields, line) => {
        read++;
        const reject = (reason: RejectReason): void => rejections.add(reason, line, () => fields.join(','));
        const moment = momentOf(fields[time]!);
        if (moment === undefined || moment === 'zoneless') {
          const text = fields[time]!.slice(0, 40);
          throw moment === undefined
            ? malformed(
                input.name,
                line,
                `"${text}" is no time`,
                'Write times as 2024-01-31T13:00:00Z or 2024-01-31 13:00:00+00:00.',
                'time',
              )
            : malformed(
                input.name,
                line,
                `"${text}" does not say its time zone`,
                'Add Z or an offset, or name the zone: --tz America/Bogota.',
                'time',
              );
        }
        const o = numberOf(fields, open, line);
        const h = numberOf(fields, high, line);
        const l = numberOf(fields, low, line);
        const c = numberOf(fields, close, line);
        const v = volumeAt < 0 || fields[volumeAt] === '' ? 0 : numberOf(fields, volumeAt, line);
        const source = sourceAt < 0 ? defaultSource : sourceOf(fields[sourceAt]!);
        if (source === 'simulated' && !options.simulated) {
          throw new SignalboxError(
            'WORLD_MISMATCH',
            `${input.name}, line ${line}, column source: a simulated row for a market world`,
            'Simulated bars belong in a demo world; take real bars into this one.',
          );
        }
        const symbol = symbolAt < 0 ? defaultSymbol : symbols.get(fields[symbolAt]!.trim());
        if (symbol === undefined) return reject('unknown_symbol');
        const { calendar, misplaced } = timing.get(symbol)!;
        const bar: SourcedBar = {
          symbol,
          time: moment,
          open: inRange(o) ? round(o, 6) : 0,
          high: inRange(h) ? round(h, 6) : 0,
          low: inRange(l) ? round(l, 6) : 0,
          close: inRange(c) ? round(c, 6) : 0,
          volume: v >= 0 && v <= Number.MAX_SAFE_INTEGER ? round(v, 0) : -1,
          source,
        };
        if (
          !(bar.open > 0 && bar.high > 0 && bar.low > 0 && bar.close > 0 && bar.volume >= 0) ||
          moment + calendar.slotMs > now
        ) {
          return reject('out_of_range');
        }
        if (calendar.slot(moment) === undefined) return reject(misplaced(moment));
        if (bar.high < bar.open || bar.high < bar.close || bar.low > bar.open || bar.low > bar.close)
          return reject('ohlc_inconsistent');
        const earlier = accepted.get(symbol)!.put(bar, line);
        if (earlier > 0)
          rejections.add(
            'duplicate',
            earlier,
            () => `${new Date(moment).toISOString()} ${symbol}; line ${line} counts`,
          );
      };
    },
    options,
  );

  const perSymbol = [...accepted.values()].map((one) => one.sorted());
  const bars = perSymbol.length === 1 ? perSymbol[0]! : perSymbol.flat().sort((a, b) => a.time - b.time);
  const closeOnly = bars.reduce((n, bar) => n + (bar.high === bar.low ? 1 : 0), 0);
  const report: IngestReport = {
    file: input.name,
    kind: 'bars',
    read,
    accepted: bars.length,
    rejected: rejections.list(),
    unknownColumns,
    unstoredColumns,
    from: bars.length > 0 ? new Date(bars[0]!.time).toISOString() : null,
    to: bars.length > 0 ? new Date(bars.at(-1)!.time).toISOString() : null,
    closeOnlyShare: bars.length > 0 ? closeOnly / bars.length : null,
  };
  const local = rejections.count('bogota_labelled_utc');
  if (local * 2 > read) {
    const first = report.rejected.find((one) => one.reason === 'bogota_labelled_utc')!.examples[0]!;
    throw new FileRefused(
      'INPUT_TIMEZONE',
      `${input.name}: ${local} of ${read} rows carry Bogota time labelled UTC (the first: line ${first.line}, ${first.row}); nothing of the file was taken`,
      'If all of its times are Bogota time, read it with --tz America/Bogota.',
      report,
    );
  }
  return { bars, report };
}

/** One symbol's accepted bars. Rows mostly come in order of time: only others need looking up. */
class Accepted {
  private readonly bars: SourcedBar[] = [];
  private readonly lines: number[] = [];
  private places: Map<number, number> | undefined;
  private newest = -Infinity;

  /** Returns the line of the bar that this one replaces; 0 when there was none. */
  put(bar: SourcedBar, line: number): number {
    if (bar.time > this.newest) this.newest = bar.time;
    else {
      this.places ??= new Map(this.bars.map((one, i) => [one.time, i]));
      const place = this.places.get(bar.time);
      if (place !== undefined) {
        const earlier = this.lines[place]!;
        this.bars[place] = bar;
        this.lines[place] = line;
        return earlier;
      }
    }
    this.places?.set(bar.time, this.bars.length);
    this.bars.push(bar);
    this.lines.push(line);
    return 0;
  }

  sorted(): SourcedBar[] {
    return this.places ? this.bars.sort((a, b) => a.time - b.time) : this.bars;
  }
}

function inRange(price: number): boolean {
  return price > 0 && price < PRICE_LIMIT;
}

/** Why a time at which no slot opens is none. */
function timingOf(calendar: Calendar): { calendar: Calendar; misplaced: (time: number) => RejectReason } {
  const zone = createZone(calendar.zone);
  return {
    calendar,
    misplaced(time) {
      // the digits taken for the calendar's local time instead of UTC
      const shifted = time - zone.offsetAt(time);
      if (shifted !== time && calendar.slot(shifted) !== undefined) return 'bogota_labelled_utc';
      const date = calendar.sessionDate(time);
      if (!calendar.isSessionDay(date)) {
        const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
        if (weekday === 0 || weekday === 6) return 'weekend';
        return calendar.holidayOf(date) === undefined ? 'outside_session' : 'holiday';
      }
      return time >= calendar.sessionOpen(date)! && time < calendar.sessionClose(date)!
        ? 'off_slot'
        : 'outside_session';
    },
  };
}
