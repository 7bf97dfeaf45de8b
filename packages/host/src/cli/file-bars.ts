import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { createSymbolBars, SignalboxError, type Bar, type SymbolBars } from '@signalbox/core';
import type { Plan } from '../inference/plan.js';
import { requireOthers } from '../inference/stored-training.js';
import { readBars } from '../ingest/bars.js';
import { openCsv } from '../ingest/csv.js';
import { SIMULATED } from '../ingest/simulator.js';
import type { SourcedBar } from '../stores/postgres/bars.js';
import type { Session } from './session.js';

export interface BarFiles {
  readonly bars: string;
  /** Files of other symbols that features read; a file with a column `symbol` may hold them itself. */
  readonly other?: ReadonlyMap<string, string>;
  readonly tz?: string;
}

export interface FileBars {
  readonly bars: readonly Bar[];
  readonly others: SymbolBars;
  /** Name of the file of the traded symbol. */
  readonly name: string;
  /** Simulated as soon as one row says so; a file whose rows do not say where they are from counts as market data. */
  readonly world: 'market' | 'simulated';
}

/** Reads the bars of a plan's symbol, and of the others that its features read. @throws what reading throws, INPUT_NOT_FOUND */
export async function readFileBars(session: Session, plan: Plan, files: BarFiles): Promise<FileBars> {
  const { terminal, signal, cwd } = session;
  const { symbol } = plan.instrument;
  let world: FileBars['world'] = 'market';
  const read = async (path: string, symbols: readonly string[]) => {
    const { bars, report } = await readBars(await openCsv(resolve(cwd, path)), {
      calendars: new Map(symbols.map((one) => [one, plan.calendar])),
      signal,
      simulated: true,
      ...(files.tz === undefined ? {} : { zone: files.tz }),
    });
    terminal.talk(`${report.file}: ${report.read} rows read, ${report.accepted} accepted`);
    if (bars.some((bar) => bar.source === SIMULATED)) world = 'simulated';
    return { bars, name: report.file };
  };
  const given = [...(files.other ?? [])];
  const strange = given.find(([other]) => !plan.features.symbols.includes(other));
  if (strange)
    throw new SignalboxError(
      'PARAMETER_INVALID',
      `no feature reads bars of ${strange[0]}`,
      'Leave --other out, or name a symbol of the feature file.',
    );
  const { bars, name } = await read(files.bars, [...new Set([symbol, ...plan.features.symbols])]);
  const others = createSymbolBars();
  const add = (rows: readonly SourcedBar[], other: string): void => {
    for (const bar of rows) if (bar.symbol === other) others.add(other, bar);
  };
  for (const other of plan.features.symbols) {
    const path = files.other?.get(other);
    add(path === undefined ? bars : (await read(path, [other])).bars, other);
  }
  requireOthers(plan, others, 'Name a file of them: --other SYMBOL=FILE; or one --bars file with a column symbol.');
  return { bars: bars.filter((bar) => bar.symbol === symbol), others, name, world };
}

/** `USD/MXN=mxn.csv.gz`, repeatable. */
export function otherFile(text: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('Write it as SYMBOL=FILE: USD/MXN=mxn.csv.gz.');
  return new Map([...before, [text.slice(0, at), text.slice(at + 1)]]);
}
