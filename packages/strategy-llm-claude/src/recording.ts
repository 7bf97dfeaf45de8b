import { StrategyUnavailable } from '@signalbox/core';
import { checkAnswer, type Answer } from './answer.js';
import type { Usage } from './api.js';

/** One line of a recording. */
export interface RecordedAnswer {
  /** Open time of the bar, ISO 8601 UTC. */
  readonly bar_time: string;
  readonly symbol: string;
  /** Hex, of the prompt's two texts. */
  readonly prompt_sha256: string;
  readonly model: string;
  /** Wall time, ISO 8601 UTC. */
  readonly recorded_at: string;
  readonly opinion: Answer;
  readonly usage: Usage;
}

export interface Recording {
  /** The answer about a bar to this very prompt by this model; otherwise a text that says what there is instead. */
  find(question: Question): RecordedAnswer | string;
  /** On disk when it returns. */
  append(line: RecordedAnswer): void;
}

export interface Question {
  /** Epoch milliseconds. */
  readonly time: number;
  readonly symbol: string;
  readonly sha256: string;
  readonly model: string;
}

const LARGEST = 64 * 1024 * 1024;

/**
 * Opens a recording (JSON Lines). A recording that is to be written may be absent; a last line that a crash cut short is dropped.
 *
 * @throws STRATEGY_UNAVAILABLE naming file and line
 */
export async function openRecording(path: string, writable: boolean): Promise<Recording> {
  const fs = await import('node:fs');
  const refuse = (why: string): never => {
    throw new StrategyUnavailable(
      `not configured: the recording ${path} ${why}.`,
      'Name a recording in "recording" (a .jsonl file that mode record wrote), or make one: {"mode": "record"}.',
    );
  };
  let text = '';
  if (fs.existsSync(path)) {
    const { size } = fs.statSync(path);
    if (size > LARGEST) refuse(`is larger than ${LARGEST} bytes`);
    text = fs.readFileSync(path, 'utf8');
  } else if (!writable) refuse('is not there');

  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = new Map<string, RecordedAnswer>();
  const bars = new Set<string>();
  const keep = (line: RecordedAnswer): void => {
    const bar = `${Date.parse(line.bar_time)} ${line.symbol}`;
    bars.add(bar);
    const key = `${bar} ${line.prompt_sha256} ${line.model}`;
    if (!lines.has(key)) lines.set(key, line); // a later answer to the same question does not replace the first
  };
  for (const [i, line] of whole.split('\n').entries()) {
    if (line === '') continue;
    keep(readLine(line) ?? refuse(`cannot be read: line ${i + 1} is no recorded answer`));
  }
  const tail = text.slice(whole.length);
  const last = tail === '' ? null : readLine(tail);
  if (last) keep(last);
  if (writable && tail !== '') {
    // only what a crash left is cut, never a file of another kind
    if (last) fs.appendFileSync(path, '\n');
    else if (whole === '' && !tail.startsWith('{"bar_time"')) refuse('is no recording');
    else fs.truncateSync(path, Buffer.byteLength(whole));
  }

  return {
    find({ time, symbol, sha256, model }) {
      const bar = `${time} ${symbol}`;
      const found = lines.get(`${bar} ${sha256} ${model}`);
      if (found) return found;
      if (!bars.has(bar)) return 'no recording for this bar';
      return 'no recording for this bar with this prompt and model (the features, the notes or the model differ)';
    },
    append(line) {
      fs.appendFileSync(path, `${JSON.stringify(line)}\n`);
      keep(line);
    },
  };
}

const KEYS = ['bar_time', 'symbol', 'prompt_sha256', 'model', 'recorded_at', 'opinion', 'usage'];

function readLine(text: string): RecordedAnswer | null {
  let line: Partial<Record<keyof RecordedAnswer, unknown>>;
  try {
    line = JSON.parse(text) as typeof line;
  } catch {
    return null;
  }
  if (typeof line !== 'object' || line === null || KEYS.some((key) => !Object.hasOwn(line, key))) return null;
  const opinion = checkAnswer(line.opinion);
  const usage = line.usage as Partial<Usage> | null;
  const count = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) >= 0;
  const valid =
    isTime(line.bar_time) &&
    isTime(line.recorded_at) &&
    typeof line.symbol === 'string' &&
    typeof line.model === 'string' &&
    /^[0-9a-f]{64}$/.test(String(line.prompt_sha256)) &&
    count(usage?.input_tokens) &&
    count(usage?.output_tokens) &&
    !('fault' in opinion);
  return valid ? ({ ...line, opinion } as RecordedAnswer) : null;
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T.*Z$/.test(value) && !Number.isNaN(Date.parse(value));
}
