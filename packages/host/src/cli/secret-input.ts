import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { SignalboxError } from '@signalbox/core';
import type { Session } from './session.js';

const LONGEST = 4096;

/**
 * A password: typed twice and not shown, or with `--password-stdin` the first line of standard input. Never an argument:
 * other users of the machine see those.
 */
export async function readPassword(session: Session, fromStdin: boolean): Promise<string> {
  if (fromStdin) return firstLine(session.streams.stdin ?? process.stdin);
  if (!process.stdin.isTTY || session.json)
    throw new SignalboxError(
      'PARAMETER_INVALID',
      'nobody is there to type a password',
      'Give it by standard input: --password-stdin.',
    );
  const [one, two] = [await hidden(session, 'Password: '), await hidden(session, 'Again: ')];
  if (one === two) return one;
  throw new SignalboxError('PARAMETER_INVALID', 'the two passwords differ', 'Type the same one twice.');
}

async function firstLine(input: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.includes('\n') || text.length > LONGEST) break;
  }
  return text.split(/\r?\n/, 1)[0]!;
}

function hidden({ streams, signal }: Session, prompt: string): Promise<string> {
  streams.stderr.write(prompt);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  return new Promise((resolve, reject) => {
    const stop = (): void => reader.close();
    signal.addEventListener('abort', stop, { once: true });
    reader.once('SIGINT', stop);
    reader.once('line', (line) => {
      resolve(line);
      reader.close();
    });
    reader.once('close', () => {
      signal.removeEventListener('abort', stop);
      streams.stderr.write('\n');
      reject(Object.assign(new Error('stopped'), { name: 'AbortError' }));
    });
  });
}
