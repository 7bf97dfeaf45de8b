import { parquetWriteBuffer } from 'hyparquet-writer';
import { computeFeatures } from '@signalbox/core';
import { labelsOf } from './labels.js';
import type { ExportOptions } from './features-csv.js';

/** The same columns as the CSV file, typed: times as UTC timestamps, numbers as doubles, missing as null. */
export function parquetOf({ plan, series, others, calendar, bars, horizon, split }: ExportOptions): Uint8Array {
  const { names, values } = computeFeatures(plan, series, bars, others);
  const labels = horizon === undefined ? undefined : labelsOf(bars, calendar, horizon);
  const number = (name: string, data: (number | null)[]) => ({ name, data, type: 'DOUBLE', nullable: true }) as const;
  const time = (name: string, data: Date[]) => ({ name, data, type: 'TIMESTAMP', nullable: false }) as const;
  const column = (k: number) => Array.from(bars, (_, i) => present(values[i * names.length + k]!));
  const buffer = parquetWriteBuffer({
    columnData: [
      time(
        'time',
        bars.map((bar) => new Date(bar.time)),
      ),
      ...names.map((name, k) => number(name, column(k))),
      ...(labels
        ? [
            time(
              'decided_at',
              bars.map((bar) => new Date(bar.time + calendar.slotMs)),
            ),
            number(
              'fill_price',
              labels.map((label) => present(label.fillPrice)),
            ),
            number(
              `label_${horizon}`,
              labels.map((label) => present(label.logReturn)),
            ),
            {
              name: 'close_only',
              data: bars.map((bar) => (bar.high === bar.low ? 1 : 0)),
              type: 'INT32',
              nullable: false,
            } as const,
          ]
        : []),
      ...(split
        ? [{ name: 'split', data: Array.from<string>(split.rows), type: 'STRING' as const, nullable: false }]
        : []),
    ],
  });
  return new Uint8Array(buffer);
}

function present(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
