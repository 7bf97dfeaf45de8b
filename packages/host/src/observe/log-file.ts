import { closeSync, existsSync, fstatSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';

/** Bytes of one file, and files of one log: what a log takes is bounded by their product. */
export const LOG_FILE_BYTES = 10_000_000;
export const LOG_FILES = 5;
/** Lines that one log takes in a second; the rest is counted, not written. */
const LINES_PER_SECOND = 200;
/** After so many lines it looks whether another host of the project has turned the file over. */
const LOOK_EVERY = 64;

export interface LogFileOptions {
  readonly bytes?: number;
  readonly files?: number;
  readonly linesPerSecond?: number;
}

/**
 * A log on disk: `x.log` is the newest, `x.log.1` the one before. Written at once (after `kill -9` nothing is missing), which is
 * why it is no stream of a library: those write later, from a buffer or another thread. A full disk costs lines, not the host.
 */
export class LogFile {
  private fd: number | undefined;
  private size = 0;
  private lines = 0;
  private second = 0;
  private inSecond = 0;
  private dropped = 0;
  private readonly limit: number;
  private readonly files: number;
  private readonly perSecond: number;

  constructor(
    private readonly path: string,
    { bytes = LOG_FILE_BYTES, files = LOG_FILES, linesPerSecond = LINES_PER_SECOND }: LogFileOptions = {},
  ) {
    this.limit = bytes;
    this.files = files;
    this.perSecond = linesPerSecond;
  }

  /** One line with its end; pino calls it. */
  write(line: string): void {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.second) {
      this.second = second;
      this.inSecond = 0;
      if (this.dropped > 0) this.put(leftOut(this.dropped));
      this.dropped = 0;
    }
    if (++this.inSecond > this.perSecond) this.dropped++;
    else this.put(line);
  }

  close(): void {
    if (this.dropped > 0) this.put(leftOut(this.dropped));
    this.dropped = 0;
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }

  private put(line: string): void {
    try {
      if (this.fd !== undefined && ++this.lines % LOOK_EVERY === 0 && this.turnedOver()) this.reopen();
      if (this.fd === undefined) this.reopen();
      const bytes = Buffer.from(line);
      if (this.size > 0 && this.size + bytes.length > this.limit) {
        // another host may have been faster: its fresh file is not turned over again
        if (!this.turnedOver()) this.turn();
        this.reopen();
      }
      this.size += writeSync(this.fd!, bytes);
    } catch {
      // no space, no folder: the host goes on; doctor tells
    }
  }

  private turnedOver(): boolean {
    return statSync(this.path, { throwIfNoEntry: false })?.ino !== fstatSync(this.fd!).ino;
  }

  private turn(): void {
    rmSync(`${this.path}.${this.files - 1}`, { force: true });
    for (let n = this.files - 2; n >= 0; n--) {
      const from = n === 0 ? this.path : `${this.path}.${n}`;
      if (existsSync(from)) renameSync(from, `${this.path}.${n + 1}`);
    }
  }

  private reopen(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
    this.fd = openSync(this.path, 'a', 0o600);
    this.size = fstatSync(this.fd).size;
  }
}

const leftOut = (lines: number): string =>
  `${JSON.stringify({ level: 40, time: new Date().toISOString(), msg: `${lines} lines within a second were left out` })}\n`;
