import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { BAR_MS, KEY, OPEN, open, said, viewOf } from '../test/desk.js';
import { answer, apiError, startMessagesServer, type MessagesServer } from '../test/messages-server.js';
import type { RecordedAnswer } from './recording.js';

let server: MessagesServer;
let folder: string;
let recording: string;
beforeAll(async () => void (server = await startMessagesServer()));
afterAll(() => server.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-recording-'));
  recording = join(folder, 'answers.jsonl');
  vi.stubEnv('ANTHROPIC_API_KEY', KEY);
  vi.stubEnv('ANTHROPIC_BASE_URL', server.url);
  server.seen.length = 0;
  server.script(answer());
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

const lines = (): RecordedAnswer[] =>
  readFileSync(recording, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordedAnswer);
const at = (time: number): void => void vi.useFakeTimers({ toFake: ['Date'], now: time });

describe('record', () => {
  it('appends bar, symbol, prompt hash, model, wall time, answer and usage; never the prompt or the key', async () => {
    at(OPEN + BAR_MS + 2_000);
    const { ask } = await open({ mode: 'record', recording });
    expect((await ask(viewOf(0))).reasoning).toBe(
      'rsi_9 is low. (recorded, claude-haiku-5-5, 1000 + 80 tokens, $0.000140)',
    );
    expect(lines()).toEqual([
      {
        bar_time: '2026-08-03T13:00:00.000Z',
        symbol: 'USD/COP',
        prompt_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        model: 'claude-haiku-5-5',
        recorded_at: '2026-08-03T13:05:02.000Z',
        opinion: { direction: 'long', confidence: 0.7, reasoning: 'rsi_9 is low.' },
        usage: { input_tokens: 1000, output_tokens: 80 },
      },
    ]);
    expect(readFileSync(recording, 'utf8')).not.toContain(KEY);
  });
  it('works in a turn without a deadline too: that is how history is recorded', async () => {
    const { replay } = await open({ mode: 'record', recording });
    expect((await replay(viewOf(0))).signal).toBe('long');
    expect(lines()).toHaveLength(1);
  });
  it('refuses bars up to the end of the knowledge cutoff, unasked; the first bar after it is asked', async () => {
    const { ask } = await open({ mode: 'record', recording, knowledge_cutoff: '2026-08-03' });
    expect(said(await ask(viewOf(0)))).toBe(
      'none (unavailable): not recorded: it lies before the end of what claude-haiku-5-5 may know (2026-08-03)',
    );
    expect((await ask(viewOf(0, { time: Date.UTC(2026, 7, 3, 23, 55) }))).signal).toBe('none');
    expect(server.seen).toEqual([]);
    expect((await ask(viewOf(0, { time: Date.UTC(2026, 7, 4) }))).signal).toBe('long');
  });
  it('masks dates and shows no price level: bars of other days and prices make the same prompt', async () => {
    const { ask } = await open({ mode: 'record', recording, notes: ['5 March 2024, 2024-03-05'] });
    const view = viewOf(0);
    await ask(view);
    const { open: o, high, low, close } = view.bar;
    const scaled = { time: OPEN + 86_400_000, open: o / 2, high: high / 2, low: low / 2, close: close / 2, volume: 7 };
    await ask({
      ...view,
      bar: scaled,
      position: { side: 'long', size: 0.2, entryPrice: 1, barsHeld: 3, unrealizedPct: 1 },
    });
    const [first, second] = lines();
    expect(first!.prompt_sha256).toBe(second!.prompt_sha256);
    expect(JSON.stringify(server.seen.map(({ body }) => body))).not.toMatch(/2024|2026|4000|USD\/COP.*13:00/);
  });
  it('a bar that was recorded is not asked about again, also after a restart', async () => {
    const first = await open({ mode: 'record', recording });
    await first.ask(viewOf(0));
    const again = await open({ mode: 'record', recording });
    expect((await again.ask(viewOf(0))).signal).toBe('long');
    expect(server.seen).toHaveLength(1);
    expect(lines()).toHaveLength(1);
  });
  it('failures are not recorded', async () => {
    server.script(apiError(400, 'invalid_request_error'));
    const { ask } = await open({ mode: 'record', recording });
    expect((await ask(viewOf(0))).signal).toBe('none');
    expect(() => lines()).toThrow(/ENOENT/);
  });
  it('an answer that cannot be written is none (unavailable)', async () => {
    const { ask } = await open({ mode: 'record', recording: join(folder, 'no', 'such.jsonl') });
    expect(said(await ask(viewOf(0)))).toBe('none (unavailable): the answer could not be recorded: ENOENT');
  });
  it('a file of another kind is neither read nor overwritten', async () => {
    for (const text of ['name,value\n', 'secret', '{"a":1}\n']) {
      writeFileSync(recording, text);
      await expect(open({ mode: 'record', recording })).rejects.toMatchObject({ code: 'STRATEGY_UNAVAILABLE' });
      expect(readFileSync(recording, 'utf8')).toBe(text);
    }
  });
  it('a last line that a crash cut short is dropped, and the next answer stands on its own line', async () => {
    const first = await open({ mode: 'record', recording });
    await first.ask(viewOf(0));
    appendFileSync(recording, '{"bar_time":"2026-08-03T13:0');
    const second = await open({ mode: 'record', recording });
    await second.ask(viewOf(1));
    expect(lines().map(({ bar_time }) => bar_time)).toEqual(['2026-08-03T13:00:00.000Z', '2026-08-03T13:05:00.000Z']);
  });
});

describe('replay', () => {
  beforeEach(async () => {
    at(OPEN + BAR_MS + 2_000);
    const { ask } = await open({ mode: 'record', recording });
    for (let i = 0; i < 3; i++) await ask(viewOf(i));
    vi.useRealTimers();
    server.seen.length = 0;
    vi.stubEnv('ANTHROPIC_API_KEY', '');
  });

  it('answers without key, network and waiting what was recorded for bar and prompt', async () => {
    const { replay } = await open({ mode: 'replay', recording });
    const opinion = replay(viewOf(1));
    expect(opinion).toEqual({
      signal: 'long',
      confidence: 0.7,
      reasoning: 'rsi_9 is low. (recorded, claude-haiku-5-5, 1000 + 80 tokens, $0.000140)',
    });
    expect(server.seen).toEqual([]);
  });
  it('a bar that was not recorded: none (unavailable), "no recording for this bar"', async () => {
    const { replay } = await open({ mode: 'replay', recording });
    expect(said(await replay(viewOf(7)))).toBe('none (unavailable): no recording for this bar');
  });
  it('the same bar with other features, notes or model has no recording, and the reason says so', async () => {
    const differ = 'none (unavailable): no recording for this bar with this prompt and model';
    const { replay } = await open({ mode: 'replay', recording });
    expect(said(await replay(viewOf(2, { time: OPEN })))).toContain(differ);
    for (const change of [{ notes: ['x'] }, { model: 'claude-sonnet-5-5' }]) {
      const other = await open({ mode: 'replay', recording, ...change });
      expect(said(await other.replay(viewOf(1)))).toContain(differ);
    }
  });
  it('bars up to the knowledge cutoff do not count, though recorded', async () => {
    const { replay } = await open({ mode: 'replay', recording, knowledge_cutoff: '2026-08-03' });
    expect(said(await replay(viewOf(1)))).toContain(
      'none (unavailable): no recording for this bar counts: it lies before',
    );
  });
  it('with a key too, replay asks nothing', async () => {
    vi.stubEnv('ANTHROPIC_API_KEY', KEY);
    const { ask } = await open({ mode: 'replay', recording });
    expect((await ask(viewOf(1))).signal).toBe('long');
    expect((await ask(viewOf(8))).signal).toBe('none');
    expect(server.seen).toEqual([]);
  });
  it('live without a key but with a recording answers from it; live in a backtest too', async () => {
    expect((await (await open({ recording })).ask(viewOf(1))).signal).toBe('long');
    vi.stubEnv('ANTHROPIC_API_KEY', KEY);
    const { replay } = await open({ recording });
    expect((await replay(viewOf(1))).signal).toBe('long');
    expect(said(await replay(viewOf(8)))).toContain('no recording for this bar');
    expect(server.seen).toEqual([]);
  });
  it('recorded more than an hour after the end of its bar is hindsight, and the reasoning says so', async () => {
    const end = OPEN + BAR_MS;
    for (const [late, wanted] of [
      [3_600_000, null],
      [3_600_001, '; hindsight: recorded 1.0 h after its bar)'],
      [3 * 86_400_000, '; hindsight: recorded 3 days after its bar)'],
    ] as const) {
      const [first] = lines();
      writeFileSync(recording, `${JSON.stringify({ ...first, recorded_at: new Date(end + late).toISOString() })}\n`);
      const { replay } = await open({ mode: 'replay', recording });
      const { reasoning } = await replay(viewOf(0));
      if (wanted === null) expect(reasoning).not.toContain('hindsight');
      else expect(reasoning.endsWith(wanted), reasoning).toBe(true);
    }
  });
  it.each([
    ['no JSON', '{'],
    ['a size in the answer', '"opinion":{"direction":"long","confidence":0.7,"reasoning":"x","size":1}'],
    ['a confidence of 2', '"opinion":{"direction":"long","confidence":2,"reasoning":"x"}'],
    ['a hash that is none', '"prompt_sha256":"xyz"'],
    ['a time without zone', '"recorded_at":"2026-08-03 13:00"'],
    ['negative tokens', '"usage":{"input_tokens":-1,"output_tokens":0}'],
  ])('a line with %s is refused with file and line', async (_, part) => {
    const [first] = lines();
    const line = part === '{' ? part : JSON.stringify({ ...first, ...(JSON.parse(`{${part}}`) as object) });
    appendFileSync(recording, `${line}\n`);
    const refused = open({ mode: 'replay', recording });
    await expect(refused).rejects.toThrow(`the recording ${recording} cannot be read: line 4 is no recorded answer`);
    await expect(refused).rejects.toMatchObject({ code: 'STRATEGY_UNAVAILABLE' });
  });
});
