import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { SignalboxError } from '@signalbox/core';

/** What a trainer goes on from, and how far its market went: bars that came in since are not of that training. */
export interface TrainingCheckpoint {
  /** Epoch milliseconds of the last bar that was trained on. */
  readonly lastBar: number;
  /** The trainer's own. */
  readonly bytes: Uint8Array;
}

const LINE_END = 10;
const LONGEST_HEAD = 100;

/** One line `{"last_bar":…}`, then the trainer's bytes. The file is there whole or as it was before. */
export async function writeTrainingCheckpoint(file: string, { lastBar, bytes }: TrainingCheckpoint): Promise<void> {
  const head = Buffer.from(`${JSON.stringify({ last_bar: lastBar })}\n`);
  await writeWhole(file, Buffer.concat([head, bytes]));
}

/** @returns undefined where no file is. @throws SignalboxError PARAMETER_INVALID for one that is no checkpoint */
export async function readTrainingCheckpoint(file: string): Promise<TrainingCheckpoint | undefined> {
  let all: Buffer;
  try {
    all = await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const end = all.subarray(0, LONGEST_HEAD).indexOf(LINE_END);
  const [, digits] = /^\{"last_bar":(\d{1,15})\}$/.exec(all.subarray(0, Math.max(0, end)).toString('latin1')) ?? [];
  if (digits === undefined)
    throw new SignalboxError(
      'PARAMETER_INVALID',
      `${file} is no checkpoint of a training`,
      'Train without it: signalbox train CODE … --fresh.',
    );
  return { lastBar: Number(digits), bytes: new Uint8Array(all.subarray(end + 1)) };
}

/** A file is there whole or as it was before. */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
