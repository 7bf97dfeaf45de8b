import type { Readable } from 'node:stream';

const LINE = 500;
const LINES_A_MINUTE = 60;
const BYTES_A_SECOND = 256 * 1024;
const TAIL = 2_000;

/** What a plugin's process writes to stdout and stderr, as log lines of bounded length, number and rate. */
export interface Output {
  /** The end of what it wrote: what a process says as it dies. */
  tail(): string;
  stop(): void;
}

/**
 * Reads both streams. A process that writes more than it may is not read for the rest of the second, and waits: so it misses
 * its own deadline, and nobody else's.
 */
export function captureOutput(streams: readonly Readable[], onLine: (text: string) => void): Output {
  let tail = '';
  let lines = 0;
  let left = 0;
  let bytes = 0;
  const parts = streams.map(() => '');
  const say = (text: string): void => {
    const clean = text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim(); // eslint-disable-line no-control-regex -- they go
    if (clean === '') return;
    if (++lines > LINES_A_MINUTE) left++;
    else onLine(clean.length > LINE ? `${clean.slice(0, LINE)}…` : clean);
  };
  const second = setInterval(() => {
    bytes = 0;
    for (const stream of streams) if (stream.isPaused()) stream.resume();
  }, 1_000).unref();
  const minute = setInterval(() => {
    if (left > 0) onLine(`${left} more lines were left out`);
    lines = left = 0;
  }, 60_000).unref();
  streams.forEach((stream, i) => {
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BYTES_A_SECOND) stream.pause();
      const text = chunk.toString('utf8');
      tail = (tail + text).slice(-TAIL);
      const split = (parts[i]! + text).split('\n');
      // a line without end is not kept without end
      parts[i] = split.pop()!.slice(0, LINE + 1);
      for (const line of split) say(line);
    });
    stream.on('end', () => say(parts[i]!));
  });
  return {
    tail: () => tail,
    stop() {
      clearInterval(second);
      clearInterval(minute);
      if (left > 0) onLine(`${left} more lines were left out`);
      left = 0;
      for (const stream of streams) stream.destroy();
    },
  };
}
