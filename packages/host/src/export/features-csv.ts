import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import {
  SignalboxError,
  type Bar,
  type Calendar,
  type FeaturePlan,
  type Instrument,
  type SeriesTable,
  type Split,
  type SymbolBars,
} from '@signalbox/core';
import { parquetOf } from './features-parquet.js';
import { labelsOf } from './labels.js';

/** What stands in `OUT.features.json` beside the rows: all that a trainer's manifest has to repeat. */
export interface FeatureSidecar {
  /** Version of the feature file. */
  readonly version: string;
  /** In the order of the columns. */
  readonly features: readonly { readonly name: string; readonly hash: string; readonly definition: object }[];
  readonly rows: number;
  readonly world: 'market' | 'simulated';
  readonly close_only_share: number;
  readonly instrument: Instrument;
  readonly calendar_version: string;
  /** Open times of the first and the last bar; null without bars. */
  readonly from: string | null;
  readonly to: string | null;
  /** Sessions of each part of the column `split`. */
  readonly split?: Split['parts'];
  readonly label?: { readonly column: string; readonly horizon: number; readonly definition: string };
  readonly simulator?: {
    readonly seed: number;
    readonly edge: number;
    readonly sessions: number;
    readonly first_session: string;
  };
}

export interface ExportOptions {
  readonly plan: FeaturePlan;
  readonly series: SeriesTable;
  /** Bars of other symbols that features read. */
  readonly others?: SymbolBars;
  /** Which part each bar belongs to; without it there is no such column. */
  readonly split?: Split;
  readonly calendar: Calendar;
  readonly instrument: Instrument;
  /** Accepted bars from the symbol's first on, in order of time. */
  readonly bars: readonly Bar[];
  readonly world: FeatureSidecar['world'];
  readonly simulator?: FeatureSidecar['simulator'];
  /** Slots that a label looks ahead; without it there are no labels. */
  readonly horizon?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The lines of the file, a session or so at a time. Numbers in shortest form that reads back the same; empty is missing. */
function* chunks({
  plan,
  series,
  others,
  calendar,
  bars,
  horizon,
  split,
  onProgress,
  signal,
}: ExportOptions): Generator<string> {
  const labels = horizon === undefined ? undefined : labelsOf(bars, calendar, horizon);
  const head = [
    'time',
    ...plan.names,
    ...(labels ? ['decided_at', 'fill_price', `label_${horizon}`, 'close_only'] : []),
    ...(split ? ['split'] : []),
  ];
  let text = `${head.join(',')}\n`;
  const stream = plan.stream(series, others);
  for (const [i, bar] of bars.entries()) {
    const { values } = stream.push(bar, calendar.slot(bar.time)!);
    text += new Date(bar.time).toISOString();
    for (const value of values) text += `,${cell(value)}`;
    const label = labels?.[i];
    if (label) {
      const closeOnly = bar.high === bar.low ? 1 : 0;
      text += `,${new Date(bar.time + calendar.slotMs).toISOString()},${cell(label.fillPrice)},${cell(label.logReturn)},${closeOnly}`;
    }
    if (split) text += `,${split.rows[i]!}`;
    text += '\n';
    if (text.length > 1 << 16) {
      yield text;
      text = '';
      onProgress?.(i + 1, bars.length);
      signal?.throwIfAborted();
    }
  }
  yield text;
}

function cell(value: number): string {
  return Number.isFinite(value) ? String(value) : '';
}

/** @throws PARAMETER_INVALID unless the name ends in .csv or .csv.gz */
export function checkExportName(out: string): void {
  if (/\.(csv|csv\.gz|parquet)$/i.test(out)) return;
  throw new SignalboxError(
    'PARAMETER_INVALID',
    `${out} ends in none of .csv, .csv.gz, .parquet`,
    'Name the file .csv, .csv.gz or .parquet.',
  );
}

/**
 * Writes features (and labels, and the split) of every bar to a CSV or Parquet file by its ending, computed by the stream that live runs on. Both files appear
 * complete or not at all.
 */
export async function exportFeatures(out: string, options: ExportOptions): Promise<FeatureSidecar> {
  checkExportName(out);
  const { plan, bars, horizon } = options;
  const closeOnly = bars.reduce((n, bar) => n + (bar.high === bar.low ? 1 : 0), 0);
  const time = (bar: Bar | undefined): string | null => (bar ? new Date(bar.time).toISOString() : null);
  const sidecar: FeatureSidecar = {
    version: plan.version,
    features: plan.names.map((name) => ({ name, hash: plan.hashes[name]!, definition: plan.definitions[name]! })),
    rows: bars.length,
    world: options.world,
    close_only_share: bars.length === 0 ? 0 : closeOnly / bars.length,
    instrument: options.instrument,
    calendar_version: options.calendar.version,
    from: time(bars[0]),
    to: time(bars.at(-1)),
    ...(horizon === undefined
      ? {}
      : {
          label: {
            column: `label_${horizon}`,
            horizon,
            definition: `ln(open of slot t+${horizon + 1} / open of slot t+1)`,
          },
        }),
    ...(options.split ? { split: options.split.parts } : {}),
    ...(options.simulator ? { simulator: options.simulator } : {}),
  };
  const files = [out, `${out}.features.json`] as const;
  const temporary = files.map((file) => `${file}.${process.pid}.tmp`) as [string, string];
  try {
    await mkdir(dirname(out), { recursive: true });
    if (/\.parquet$/i.test(out)) await writeFile(temporary[0], parquetOf(options));
    else await writeCsv(temporary[0], out, options);
    await writeFile(temporary[1], `${JSON.stringify(sidecar, null, 2)}\n`);
    await rename(temporary[1], files[1]);
    await rename(temporary[0], files[0]);
  } catch (error) {
    await Promise.all(temporary.map((file) => rm(file, { force: true })));
    throw error;
  }
  return sidecar;
}

async function writeCsv(file: string, out: string, options: ExportOptions): Promise<void> {
  const rows = Readable.from(chunks(options), { objectMode: true, highWaterMark: 2 });
  const to = createWriteStream(file);
  await (/\.gz$/i.test(out) ? pipeline(rows, createGzip(), to) : pipeline(rows, to));
}
