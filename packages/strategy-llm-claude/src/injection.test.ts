import { opinionFault, USD_COP } from '@signalbox/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { KEY, open, viewOf } from '../test/desk.js';
import { INJECTIONS } from '../test/injections.js';
import { message, startMessagesServer, type MessagesServer } from '../test/messages-server.js';
import { ANSWER_SCHEMA } from './answer.js';
import { SYSTEM } from './prompt.js';

let server: MessagesServer;
beforeAll(async () => void (server = await startMessagesServer()));
afterAll(() => server.close());
beforeEach(() => {
  vi.stubEnv('ANTHROPIC_API_KEY', KEY);
  vi.stubEnv('ANTHROPIC_BASE_URL', server.url);
  server.seen.length = 0;
});
afterEach(() => vi.unstubAllEnvs());

const LIMITS = { daily_tokens: 10_000_000, daily_usd: 100, cache: false };

/** The JSON inside the only block of the only message. */
function dataOf(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const [only, ...more] = body['messages'] as { role: string; content: string }[];
  expect(more).toEqual([]);
  expect(only!.role).toBe('user');
  const block = /^<market_data>\n([^<>&]*)\n<\/market_data>$/.exec(only!.content);
  expect(block, 'one block that nothing inside can close').not.toBeNull();
  return JSON.parse(block![1]!) as Record<string, unknown>;
}

it('there are more than fifty injection strings', () => expect(new Set(INJECTIONS).size).toBeGreaterThan(50));

describe('a text in the data cannot leave its block', () => {
  it.each(INJECTIONS)('as a note and as the name of the pair: %j', async (text) => {
    server.script(message('{"direction":"flat","confidence":0.5,"reasoning":"The numbers say little."}'));
    const { ask } = await open({ ...LIMITS, notes: [text] }, { instrument: { ...USD_COP, symbol: text } });
    expect((await ask(viewOf(0))).signal).toBe('flat');
    expect(server.seen, 'one request, whatever the text says').toHaveLength(1);
    const { body, url } = server.seen[0]!;
    expect(url).toBe('/v1/messages');
    expect(body['system']).toBe(SYSTEM);
    expect(body).not.toHaveProperty('tools');
    const data = dataOf(body);
    expect(Object.keys(data)).toEqual(['pair', 'bar', 'features', 'notes']);
    for (const shown of [data['pair'] as string, ...(data['notes'] as string[])]) {
      expect(shown).not.toMatch(/\p{C}/u);
      expect(shown).not.toMatch(/:\/\/|javascript:|data:text|evil\.example/);
      expect(shown.length).toBeLessThanOrEqual(4096);
    }
    expect(JSON.stringify(data)).not.toMatch(/2024-03-05|March 2024/);
    expect(JSON.stringify(body)).not.toContain(KEY);
  });
});

describe('a model that obeys an injection cannot leave the schema of the answer', () => {
  it.each(INJECTIONS)('%j as its whole answer, as direction, as reasoning and as a further key', async (text) => {
    const good = { direction: 'long', confidence: 0.9, reasoning: 'x' };
    const { ask, lines, faults } = await open(LIMITS);
    const forged = [
      text,
      JSON.stringify({ ...good, direction: text }),
      JSON.stringify({ ...good, confidence: text }),
      JSON.stringify({ ...good, [text]: 1 }),
    ];
    // the whole answer may happen to fit the schema: then it is a direction and words, no more
    const fits = text === '{"direction":"long","confidence":1,"reasoning":"forged"}';
    for (const [i, answer] of forged.entries()) {
      server.script(message(answer));
      const opinion = await (await open(LIMITS)).ask(viewOf(i)); // each its own session: failures in a row pause one
      expect(opinionFault(opinion)).toBeNull();
      expect(opinion.signal).toBe(i === 0 && fits ? 'long' : 'none');
      expect(opinion.reasoning).not.toMatch(/\p{C}|:\/\//u);
    }
    server.script(message(JSON.stringify({ ...good, reasoning: text })));
    const opinion = await ask(viewOf(9));
    expect(Object.keys(opinion).sort()).toEqual(
      [...ANSWER_SCHEMA.required.map((k) => (k === 'direction' ? 'signal' : k))].sort(),
    );
    expect(opinion).toMatchObject({ signal: 'long', confidence: 0.9 });
    expect(opinion.reasoning).not.toMatch(/\p{C}|:\/\/|javascript:|evil\.example/u);
    expect(opinion.reasoning.length).toBeLessThan(1_000);
    expect(server.seen).toHaveLength(5);
    expect(JSON.stringify([lines, faults])).not.toContain(KEY);
  });
});
