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
} from '@signalbox/core';
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
function* chunks({ plan, series, calendar, bars, horizon, onProgress, signal }: ExportOptions): Generator<string> {
  const labels = horizon === undefined ? undefined : labelsOf(bars, calendar, horizon);
  const head = [
    'time',
    ...plan.names,
    ...(labels ? ['decided_at', 'fill_price', `label_${horizon}`, 'close_only'] : []),
  ];
  let text = `${head.join(',')}\n`;
  const stream = plan.stream(series);
  for (const [i, bar] of bars.entries()) {
    const { values } = stream.push(bar, calendar.slot(bar.time)!);
    text += new Date(bar.time).toISOString();
    for (const value of values) text += `,${cell(value)}`;
    const label = labels?.[i];
    if (label) {
      const closeOnly = bar.high === bar.low ? 1 : 0;
      text += `,${new Date(bar.time + calendar.slotMs).toISOString()},${cell(label.fillPrice)},${cell(label.logReturn)},${closeOnly}`;
    }
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
  if (/\.csv(\.gz)?$/i.test(out)) return;
  throw new SignalboxError(
    'PARAMETER_INVALID',
    `${out} ends in neither .csv nor .csv.gz`,
    'Name the file .csv or .csv.gz.',
  );
}

/**
 * Writes features (and labels) of every bar to a CSV file, computed by the stream that live runs on. Both files appear
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
    ...(options.simulator ? { simulator: options.simulator } : {}),
  };
  const files = [out, `${out}.features.json`] as const;
  const temporary = files.map((file) => `${file}.${process.pid}.tmp`) as [string, string];
  try {
    await mkdir(dirname(out), { recursive: true });
    const rows = Readable.from(chunks(options), { objectMode: true, highWaterMark: 2 });
    const file = createWriteStream(temporary[0]);
    await (/\.gz$/i.test(out) ? pipeline(rows, createGzip(), file) : pipeline(rows, file));
    await writeFile(temporary[1], `${JSON.stringify(sidecar, null, 2)}\n`);
    await rename(temporary[1], files[1]);
    await rename(temporary[0], files[0]);
  } catch (error) {
    await Promise.all(temporary.map((file) => rm(file, { force: true })));
    throw error;
  }
  return sidecar;
}
