import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testStrategy } from '@signalbox/core/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { KEY, open } from '../test/desk.js';
import { EXAMPLE, EXAMPLE_MODEL, exampleText, exampleViews, scripted } from '../test/example.js';
import { startMessagesServer } from '../test/messages-server.js';
import llmClaude from './index.js';
import type { RecordedAnswer } from './recording.js';

afterEach(() => vi.unstubAllEnvs());

const path = fileURLToPath(EXAMPLE);
const read = (text: string): RecordedAnswer[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordedAnswer);
const withoutTime = (lines: RecordedAnswer[]): object[] => lines.map((line) => ({ ...line, recorded_at: '' }));

/** Mode record against the scripted server, bar after bar. */
async function makeExample(): Promise<string> {
  const server = await startMessagesServer();
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-example-'));
  const recording = join(folder, 'example.jsonl');
  vi.stubEnv('ANTHROPIC_API_KEY', KEY);
  server.script(scripted);
  const { replay } = await open({ mode: 'record', recording, model: EXAMPLE_MODEL, base_url: server.url });
  for (const view of exampleViews()) await replay(view);
  const text = readFileSync(recording, 'utf8');
  await server.close();
  rmSync(folder, { recursive: true });
  return text;
}

describe('the recorded example', () => {
  it('is what mode record makes of the simulated session and the scripted server now', async () => {
    const text = await makeExample();
    if (process.env['SIGNALBOX_WRITE_EXAMPLE']) writeFileSync(path, text);
    expect(withoutTime(read(exampleText()))).toEqual(withoutTime(read(text)));
  });
  it('says in every line that a script answered', () => {
    const lines = read(exampleText());
    expect(lines).toHaveLength(60);
    for (const { model, opinion } of lines) {
      expect(model).toBe(EXAMPLE_MODEL);
      expect(opinion.reasoning).toContain('Scripted example answer of a test server, no view of any market');
    }
  });
  it('replays out of the box, without key and network: every bar of its session, all three directions, as hindsight', async () => {
    vi.stubEnv('ANTHROPIC_API_KEY', '');
    const { replay } = await open({ mode: 'replay', recording: path, model: EXAMPLE_MODEL });
    const opinions = exampleViews().map((view) => replay(view));
    expect(opinions.some((opinion) => opinion instanceof Promise)).toBe(false);
    const signals = new Set((await Promise.all(opinions)).map(({ signal }) => signal));
    expect([...signals].sort()).toEqual(['flat', 'long', 'short']);
    for (const opinion of await Promise.all(opinions))
      expect(opinion.reasoning).toMatch(/hindsight: recorded \d+ days after its bar\)$/);
  });
  it('holds to the contract: the conformance kit, over the very bars that were recorded', async () => {
    vi.stubEnv('ANTHROPIC_API_KEY', '');
    const { cases } = await testStrategy(llmClaude, {
      config: { mode: 'replay', recording: path, model: EXAMPLE_MODEL },
    });
    expect(cases.filter(({ status }) => status === 'skip').map(({ name }) => name)).toEqual(['model']);
    expect(cases.find(({ name }) => name === 'opinions')!.detail).toMatch(/(?=.*long)(?=.*short)(?=.*flat)/);
  });
});
