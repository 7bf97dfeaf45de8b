import { columnsOf, malformed, readCsv, type CsvInput, type ReadCsvOptions } from './csv.js';
import { MACRO_COLUMNS, MACRO_NOT_STORED } from './macro-columns.js';
import { isDate, MacroIntake, type MacroRow } from './macro-intake.js';
import type { IngestReport } from './report.js';

export type { MacroRow };

export interface MacroFile {
  readonly rows: MacroRow[];
  /** Stored names of the series that the file has columns for: what it does not carry, it does not overwrite. */
  readonly columns: readonly string[];
  readonly report: IngestReport;
}

export interface ReadMacroOptions extends ReadCsvOptions {
  /** Wall time, epoch milliseconds: later dates cannot be. */
  readonly now?: number;
}

/**
 * Reads a file of daily macro values, under the stored names or the long ones. Of two rows for one date the later counts as
 * a whole.
 * @throws CSV_MALFORMED, CSV_COLUMN_MISSING
 */
export async function readMacro(input: CsvInput, options: ReadMacroOptions = {}): Promise<MacroFile> {
  const intake = new MacroIntake({ now: options.now ?? Infinity });
  const unknownColumns: string[] = [];
  const unstoredColumns: string[] = [];
  const indexOfName = new Map<string, number>();
  MACRO_COLUMNS.forEach((column, i) => indexOfName.set(column.name, i).set(column.longName, i));
  const shortUnstored = new Set(Object.values(MACRO_NOT_STORED));
  /** The file's place of each stored column; −1 where it has none. */
  const places = new Int32Array(MACRO_COLUMNS.length).fill(-1);
  let read = 0;

  await readCsv(
    input,
    (columns) => {
      const dateName = columns.includes('fecha') && !columns.includes('date') ? 'fecha' : 'date';
      const date = columnsOf(input.name, columns, [dateName])(dateName);
      columns.forEach((name, place) => {
        if (name === 'date' || name === 'fecha' || name === 'source') return;
        const index = indexOfName.get(name);
        if (index === undefined) {
          (name in MACRO_NOT_STORED || shortUnstored.has(name) ? unstoredColumns : unknownColumns).push(name);
        } else if (places[index]! >= 0) {
          const { name: short, longName } = MACRO_COLUMNS[index]!;
          throw malformed(
            input.name,
            1,
            `${short} stands in two columns, also as ${longName}`,
            'Remove one of the two columns.',
          );
        } else places[index] = place;
      });
      if (!places.some((place) => place >= 0)) {
        const known = MACRO_COLUMNS.slice(0, 4)
          .map((column) => column.name)
          .join(', ');
        columnsOf(input.name, columns, [`of a macro series (${known}, …)`]);
      }
      return (fields, line) => {
        read++;
        const day = fields[date]!.trim();
        if (!isDate(day)) {
          throw malformed(input.name, line, `"${day.slice(0, 40)}" is no date`, 'Write dates as YYYY-MM-DD.', dateName);
        }
        const values = MACRO_COLUMNS.map((_, i): number | null => {
          const text = places[i]! < 0 ? '' : fields[places[i]!]!.trim();
          if (text === '') return null;
          const value = Number(text);
          if (Number.isFinite(value)) return value;
          throw malformed(
            input.name,
            line,
            `"${text.slice(0, 40)}" is no number`,
            'Leave the field empty where there is no value.',
            columns[places[i]!],
          );
        });
        intake.put(line, day, values);
      };
    },
    options,
  );

  const sorted = intake.finish();
  return {
    rows: sorted,
    columns: MACRO_COLUMNS.filter((_, i) => places[i]! >= 0).map((column) => column.name),
    report: {
      file: input.name,
      kind: 'macro',
      read,
      accepted: sorted.length,
      rejected: intake.rejections.list(),
      unknownColumns,
      unstoredColumns,
      from: sorted[0]?.date ?? null,
      to: sorted.at(-1)?.date ?? null,
      closeOnlyShare: null,
    },
  };
}
