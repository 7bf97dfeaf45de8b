import { lstat, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSignalboxError, SignalboxError, type Calendar } from '@signalbox/core';
import { FileRefused, readBars } from './bars.js';
import { openCsv } from './csv.js';
import { readMacro } from './macro.js';
import type { IngestReport, StoredCounts } from './report.js';
import type { Take } from './take.js';

/** What stands beside a file that was taken or refused, as `NAME.report.json`. */
export interface DropReport {
  readonly file: string;
  readonly status: 'done' | 'rejected';
  readonly at: string;
  readonly report: IngestReport | null;
  /** Null when nothing was stored. */
  readonly stored: StoredCounts | null;
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string } | null;
}

export interface DropFolderOptions {
  readonly folder: string;
  readonly calendars: ReadonlyMap<string, Calendar>;
  readonly take: Take;
  readonly say: (text: string) => void;
  readonly onError: (error: unknown) => void;
  /** Milliseconds between two looks; a file that changed from one to the next is still being written. 2 s. */
  readonly everyMs?: number;
  /** Wall time. */
  readonly now?: () => number;
}

export interface DropFolder {
  stop(): Promise<void>;
}

const WANTED = /^[^.~].*\.csv(\.gz)?$/i;

/**
 * Takes the CSV files of a folder, bars and macro values by their header. Each is read when it has stopped growing, stored in
 * one transaction, and then moved to `done/` or `rejected/` with its report beside it. Killed at any point nothing is lost: a
 * file that was stored and not yet moved is read again, and changes nothing. Any number of hosts may share the folder.
 */
export function startDropFolder(options: DropFolderOptions): DropFolder {
  const { folder, say, onError, everyMs = 2_000 } = options;
  const ending = new AbortController();
  const { signal } = ending;
  let seen = new Map<string, string>();

  const look = async (): Promise<void> => {
    await mkdir(join(folder, 'done'), { recursive: true });
    await mkdir(join(folder, 'rejected'), { recursive: true });
    const now = new Map<string, string>();
    for (const name of (await readdir(folder)).sort()) {
      if (!WANTED.test(name)) continue;
      // a link could lead anywhere
      const info = await lstat(join(folder, name)).catch(() => undefined);
      if (!info?.isFile()) continue;
      const mark = `${info.ino} ${info.size} ${info.mtimeMs}`;
      now.set(name, mark);
      if (seen.get(name) !== mark) continue;
      const report = await takeFile(name, options, signal);
      if (!report) continue;
      now.delete(name);
      say(textOf(report));
    }
    seen = now;
  };
  const running = (async () => {
    while (!signal.aborted) {
      try {
        await look();
      } catch (error) {
        if (!signal.aborted) onError(error);
      }
      await sleep(everyMs, undefined, { signal }).catch(() => {});
    }
  })();
  return {
    async stop() {
      ending.abort();
      await running;
    },
  };
}

/** Undefined when another host was faster, or the store does not answer: the file stays for the next look. */
async function takeFile(
  name: string,
  options: DropFolderOptions,
  signal: AbortSignal,
): Promise<DropReport | undefined> {
  const { folder, now = Date.now } = options;
  const at = new Date(now()).toISOString();
  let report: DropReport;
  try {
    report = { file: name, status: 'done', at, ...(await storeFile(join(folder, name), options, signal)), error: null };
  } catch (error) {
    if (signal.aborted || !isSignalboxError(error) || error.code === 'INPUT_NOT_FOUND') {
      if (!signal.aborted && !isSignalboxError(error)) options.onError(error);
      return undefined;
    }
    if (error.code.startsWith('STORE_')) {
      options.onError(error);
      return undefined;
    }
    const { code, message, remedy } = error;
    const found = error instanceof FileRefused ? error.data : null;
    report = { file: name, status: 'rejected', at, report: found, stored: null, error: { code, message, remedy } };
  }
  const place = join(folder, report.status);
  const target = await freeName(place, name, at);
  const draft = join(place, `.${target}.${process.pid}.tmp`);
  await writeFile(draft, `${JSON.stringify(report, null, 2)}\n`);
  try {
    // who moves the file has taken it; the report is there before it is
    await rename(join(folder, name), join(place, target));
  } catch (error) {
    await rm(draft, { force: true });
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  await rename(draft, join(place, `${target}.report.json`));
  return report;
}

async function storeFile(
  path: string,
  { calendars, take, now = Date.now }: DropFolderOptions,
  signal: AbortSignal,
): Promise<{ report: IngestReport; stored: StoredCounts }> {
  try {
    const { bars, report } = await readBars(await openCsv(path), { calendars, now: now(), signal, source: 'csv' });
    return { report, stored: await take.bars(bars) };
  } catch (noBars) {
    if (!isSignalboxError(noBars) || noBars.code !== 'CSV_COLUMN_MISSING') throw noBars;
    try {
      const { rows, report } = await readMacro(await openCsv(path), { now: now(), signal });
      return { report, stored: await take.macro(rows, 'csv') };
    } catch (noMacro) {
      if (!isSignalboxError(noMacro) || noMacro.code !== 'CSV_COLUMN_MISSING') throw noMacro;
      throw new SignalboxError(
        'CSV_COLUMN_MISSING',
        `${noBars.message}; and for macro values: ${noMacro.message}`,
        'Name the columns time, open, high, low, close of bars, or date and the macro series, in the first line.',
      );
    }
  }
}

/** A name that neither a file nor its report has there. */
async function freeName(folder: string, name: string, at: string): Promise<string> {
  const there = new Set(await readdir(folder));
  if (!there.has(name) && !there.has(`${name}.report.json`)) return name;
  const stamp = at.replace(/[:.]/g, '-');
  for (let i = 0; ; i++) {
    const other = `${stamp}${i === 0 ? '' : `-${i}`}-${name}`;
    if (!there.has(other) && !there.has(`${other}.report.json`)) return other;
  }
}

function textOf({ file, stored, report, error }: DropReport): string {
  if (error) return `${file} was not taken: ${error.code} ${error.message} ${error.remedy}`;
  const rejected = report!.rejected.reduce((n, one) => n + one.count, 0);
  return `${file}: ${stored!.inserted} new, ${stored!.unchanged} unchanged, ${stored!.revised} revised, ${rejected} not taken`;
}
