import { SignalboxError, type Calendar } from '@signalbox/core';
import type { SourcedBar } from '../stores/postgres/bars.js';
import { BarIntake } from './bar-intake.js';
import { columnsOf, malformed, readCsv, type CsvInput, type ReadCsvOptions } from './csv.js';
import { momentReader } from './moment.js';
import type { IngestReport } from './report.js';

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
  const intake = new BarIntake({ calendars, now });
  const unknownColumns: string[] = [];
  const unstoredColumns: string[] = [];
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
        const symbol = symbolAt < 0 ? intake.defaultSymbol : fields[symbolAt]!.trim();
        intake.put(line, symbol, moment, o, h, l, c, v, source, () => fields.join(','));
      };
    },
    options,
  );

  const { bars, closeOnlyShare } = intake.finish();
  const report: IngestReport = {
    file: input.name,
    kind: 'bars',
    read,
    accepted: bars.length,
    rejected: intake.rejections.list(),
    unknownColumns,
    unstoredColumns,
    from: bars.length > 0 ? new Date(bars[0]!.time).toISOString() : null,
    to: bars.length > 0 ? new Date(bars.at(-1)!.time).toISOString() : null,
    closeOnlyShare,
  };
  const local = intake.rejections.count('bogota_labelled_utc');
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
