import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { KEY, OPEN, open, said, viewOf } from '../test/desk.js';
import { answer, apiError, message, startMessagesServer, type MessagesServer } from '../test/messages-server.js';
import type { BudgetState } from './budget.js';
import llmClaude from './index.js';

let server: MessagesServer;
beforeAll(async () => void (server = await startMessagesServer()));
afterAll(() => server.close());
beforeEach(() => {
  vi.stubEnv('ANTHROPIC_API_KEY', KEY);
  vi.stubEnv('ANTHROPIC_BASE_URL', server.url);
  server.seen.length = 0;
  server.given_up = 0;
});
afterEach(() => vi.unstubAllEnvs());

const spent = (session: { save?(): unknown }): BudgetState => (session.save!() as { budget: BudgetState }).budget;

describe('what it needs to serve', () => {
  it('without a key and without a recording: STRATEGY_UNAVAILABLE "not configured", with the remedy', async () => {
    for (const key of ['', '  ']) {
      vi.stubEnv('ANTHROPIC_API_KEY', key);
      await expect(open({})).rejects.toMatchObject({
        code: 'STRATEGY_UNAVAILABLE',
        message: 'not configured: no ANTHROPIC_API_KEY in the environment.',
        remedy: expect.stringMatching(/Set ANTHROPIC_API_KEY.*"mode": "replay"/),
      });
      await expect(open({ mode: 'record', recording: '/tmp/x.jsonl' })).rejects.toThrow(
        /^not configured: no ANTHROPIC_API_KEY/,
      );
    }
  });
  it('replay and record without a recording, and a recording that is not there, are not configured', async () => {
    await expect(open({ mode: 'replay' })).rejects.toThrow('not configured: mode replay needs a recording');
    await expect(open({ mode: 'record' })).rejects.toThrow('not configured: mode record needs a recording');
    await expect(open({ mode: 'replay', recording: '/nowhere/a.jsonl' })).rejects.toThrow('is not there');
  });
  it.each([
    'http://example.com',
    'ftp://127.0.0.1',
    'https://user:secret@example.com',
    'nonsense',
    'http://127.0.0.1.example.com',
  ])('an address that would send the key in the clear or is none is refused: %s', async (address) => {
    const refused = open({ base_url: address });
    await expect(refused).rejects.toMatchObject({ code: 'STRATEGY_UNAVAILABLE' });
    await expect(refused).rejects.not.toThrow(/secret/);
  });
  it('the key cannot be configured: the schema knows no such property', () => {
    expect(Object.keys(llmClaude.config.properties).filter((name) => /key|secret|token$/i.test(name))).toEqual([]);
    expect(llmClaude.config.additionalProperties).toBe(false);
  });
});

describe('one question', () => {
  it('goes to the configured address with the key, the schema and no tools; the answer is the opinion', async () => {
    server.script(answer());
    const { session, ask, faults } = await open({});
    const opinion = await ask(viewOf(0));
    expect(opinion).toEqual({
      signal: 'long',
      confidence: 0.7,
      reasoning: 'rsi_9 is low. (claude-haiku-5-5, 1000 + 80 tokens, $0.000140)',
    });
    expect(faults).toEqual([]);
    expect(server.seen).toHaveLength(1);
    const { method, url, headers, body } = server.seen[0]!;
    expect([method, url, headers['authorization']]).toEqual(['POST', '/v1/messages', `Bearer ${KEY}`]);
    expect(Object.keys(body).sort()).toEqual([
      'max_tokens',
      'messages',
      'model',
      'output_config',
      'system',
      'thinking',
    ]);
    expect(body).toMatchObject({
      model: 'claude-haiku-5-5',
      max_tokens: 400,
      thinking: { type: 'disabled' },
      output_config: { format: { type: 'json_schema', schema: { additionalProperties: false } } },
    });
    expect(spent(session)).toMatchObject({
      market_day: '2026-08-03',
      market_tokens: 1080,
      market_usd: 0.00014,
      wall_tokens: 1080,
    });
  });
  it('base_url of the configuration goes before the environment; optional fields are sent as configured', async () => {
    vi.stubEnv('ANTHROPIC_BASE_URL', 'http://127.0.0.1:1');
    server.script(answer());
    const { ask } = await open({ base_url: server.url, temperature: 0, thinking: 'unset', structured_output: false });
    expect((await ask(viewOf(0))).signal).toBe('long');
    expect(Object.keys(server.seen[0]!.body).sort()).toEqual([
      'max_tokens',
      'messages',
      'model',
      'system',
      'temperature',
    ]);
  });
  it('size, stop and target never come from the model: an answer with them is refused', async () => {
    server.script(answer({ size: 1, stopDistance: 5 }));
    expect(said(await (await open({})).ask(viewOf(0)))).toMatch(
      /^none \(unavailable\): .*schema: it has the key "size"/,
    );
  });
  it.each([
    ['text around the object', message('Sure! {"direction":"long","confidence":1,"reasoning":""}'), 'no JSON object'],
    ['malformed JSON', message('{"direction":"long",'), 'no JSON object'],
    ['an array', message('[]'), 'no JSON object'],
    ['an empty answer', message(''), 'no JSON object'],
    ['an unknown direction', answer({ direction: 'buy' }), 'direction is none of long, short, flat'],
    ['a confidence above 1', answer({ confidence: 1.01 }), 'confidence is no number from 0 to 1'],
    ['a confidence in quotes', answer({ confidence: '0.7' }), 'confidence is no number from 0 to 1'],
    ['no confidence', message('{"direction":"long","reasoning":"x"}'), 'confidence is missing'],
    ['reasoning that is no text', answer({ reasoning: { a: 1 } }), 'reasoning is no text'],
    [
      'a polluted prototype',
      message('{"__proto__":{},"direction":"long","confidence":1,"reasoning":""}'),
      '"__proto__"',
    ],
    ['refusal', message('', { stop_reason: 'refusal' }), 'the model refused to answer'],
    ['truncation', message('{"direction"', { stop_reason: 'max_tokens' }), 'cut off at max_tokens (400)'],
    ['a pause', message('', { stop_reason: 'pause_turn' }), 'stopped for another reason: pause_turn'],
    [
      'a tool call',
      message('', { content: [{ type: 'tool_use', id: 't', name: 'sh', input: {} }] }),
      'a block of type tool_use',
    ],
    ['no message', { body: { hello: 1 } }, 'no message'],
    ['null', { body: 'null' }, 'no message'],
    ['a body that is no JSON', { body: '<html>' }, 'cannot be read'],
    ['no usage', message('{"direction":"long","confidence":1,"reasoning":""}', { usage: null }), 'how many tokens'],
  ])('%s is none (unavailable) and says why; it is paid for all the same', async (_, turn, reason) => {
    server.script(turn);
    const { session, ask, faults } = await open({});
    const opinion = await ask(viewOf(0));
    expect(opinion).toMatchObject({ signal: 'none', code: 'unavailable' });
    expect(opinion.reasoning).toContain(reason);
    expect(faults).toEqual([]);
    expect(spent(session).market_tokens).toBeGreaterThan(1000);
    expect(server.seen).toHaveLength(1);
  });
  it('thinking before the answer is not read as the answer', async () => {
    const text = '{"direction":"short","confidence":0.6,"reasoning":"dxy_z"}';
    server.script(
      message('', {
        content: [
          { type: 'thinking', thinking: 'long!', signature: 's' },
          { type: 'text', text },
        ],
      }),
    );
    expect((await (await open({})).ask(viewOf(0))).signal).toBe('short');
  });
});

describe('an API that fails', () => {
  it.each([
    [401, 'authentication_error', 'the API refuses the key after 1 attempt: 401, scripted authentication_error'],
    [403, 'permission_error', 'the API refuses the key'],
    [400, 'invalid_request_error', 'the API refuses the question after 1 attempt: 400, scripted invalid'],
    [404, 'not_found_error', 'the API does not know the model or the address'],
    [413, 'request_too_large', 'the API finds the question too large'],
  ])('%i is not retried: none (unavailable), nothing spent', async (status, type, reason) => {
    server.script(apiError(status, type));
    const { session, ask } = await open({ retries: 2 });
    expect(said(await ask(viewOf(0)))).toContain(`none (unavailable): ${reason}`);
    expect(server.seen).toHaveLength(1);
    expect(spent(session)).toMatchObject({ market_tokens: 0, market_usd: 0 });
  });
  it.each([
    [429, 'rate_limit_error', 'the API limits the rate after 3 attempts: 429'],
    [529, 'overloaded_error', 'the API is overloaded after 3 attempts: 529'],
    [500, 'api_error', 'the API failed after 3 attempts: 500'],
  ])('%i is retried at most `retries` times, then none (unavailable), nothing spent', async (status, type, reason) => {
    server.script(apiError(status, type, { 'retry-after-ms': '20' }));
    const { session, ask } = await open({ retries: 2 });
    expect(said(await ask(viewOf(0)))).toContain(`none (unavailable): ${reason}`);
    expect(server.seen).toHaveLength(3);
    expect(spent(session).market_tokens).toBe(0);
  });
  it('retry-after is honoured: the second attempt comes no earlier, and its answer counts', async () => {
    server.script(apiError(429, 'rate_limit_error', { 'retry-after': '0.4' }), answer());
    const { session, ask } = await open({ retries: 1 });
    const started = performance.now();
    expect((await ask(viewOf(0))).signal).toBe('long');
    expect(performance.now() - started).toBeGreaterThanOrEqual(390);
    expect(server.seen).toHaveLength(2);
    expect(spent(session).market_tokens).toBe(1080);
  });
  it('a retry-after beyond the deadline ends the question at once, with what the API asked for', async () => {
    server.script(apiError(429, 'rate_limit_error', { 'retry-after': '60' }));
    const { ask } = await open({ retries: 2 });
    const started = performance.now();
    expect(said(await ask(viewOf(0)))).toContain(
      'none (unavailable): the API limits the rate after 1 attempt: 429, asked to wait 60 s',
    );
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(server.seen).toHaveLength(1);
  });
  it('a connection that breaks is retried; an attempt whose end nobody knows stays charged', async () => {
    server.script('reset', answer());
    const { session, ask } = await open({ retries: 1 });
    expect((await ask(viewOf(0))).signal).toBe('long');
    expect(spent(session).market_tokens).toBeGreaterThan(1080 + 400);
  });
  it('nobody listens: none (unavailable) with the cause', async () => {
    const { ask } = await open({ base_url: 'http://127.0.0.1:1', retries: 0 });
    expect(said(await ask(viewOf(0)))).toMatch(/^none \(unavailable\): the API cannot be reached \(1 attempt\): \S/);
  });
  it('a redirect is not followed: the key goes to no other host', async () => {
    const other = await startMessagesServer();
    other.script(answer());
    server.script({ status: 307, headers: { location: `${other.url}/v1/messages` }, body: '' });
    const { ask } = await open({ retries: 0 });
    expect((await ask(viewOf(0))).signal).toBe('none');
    expect(other.seen).toEqual([]);
    await other.close();
  });
  it('after three failures in a row it pauses for six bars, then asks again', async () => {
    server.script(apiError(400, 'invalid_request_error'));
    const { ask } = await open({});
    const answers: string[] = [];
    for (let i = 0; i < 9; i++) answers.push(said(await ask(viewOf(i))));
    expect(server.seen).toHaveLength(3);
    expect(answers[3]).toBe('none (unavailable): not asked after 3 failures in a row; asks again after 5 more bars');
    expect(answers[8]).toContain('asks again at the next bar');
    server.script(answer());
    expect((await ask(viewOf(9))).signal).toBe('long');
  });
});

describe('time', () => {
  it.each(['hang', 'hang in the body'] as const)(
    '%s: none (timeout) at the share of the deadline, and the request is given up',
    async (turn) => {
      server.script(turn);
      const { session, ask } = await open({ deadline_share: 0.5, retries: 2 });
      const started = performance.now();
      expect(said(await ask(viewOf(0), 600))).toMatch(
        /^none \(timeout\): no answer within 0\.(30|29) s \(1 attempt\)$/,
      );
      const took = performance.now() - started;
      expect(took).toBeGreaterThan(270);
      expect(took).toBeLessThan(580);
      await vi.waitFor(() => expect(server.given_up).toBe(1));
      expect(server.seen).toHaveLength(1);
      expect(spent(session).market_tokens, 'nobody knows whether it is billed').toBeGreaterThan(400);
    },
  );
  it('max_wait_seconds bounds a question even when the deadline is far', async () => {
    server.script('hang');
    const { ask } = await open({ max_wait_seconds: 0.2 });
    expect(said(await ask(viewOf(0), 60_000))).toContain('none (timeout): no answer within 0.20 s');
  });
  it('an aborted turn ends the request and is a timeout', async () => {
    server.script('hang');
    const { ask } = await open({});
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    expect(await ask(viewOf(0), 5_000, controller.signal)).toMatchObject({ signal: 'none', code: 'timeout' });
    await vi.waitFor(() => expect(server.given_up).toBe(1));
  });
  it('a deadline that has passed is a timeout without a request', async () => {
    expect(said(await (await open({})).ask(viewOf(0), -1))).toBe('none (timeout): the deadline of the bar had passed');
    expect(server.seen).toEqual([]);
  });
  it('time that runs out between two attempts says what the API said last', async () => {
    server.script(apiError(529, 'overloaded_error'));
    const { ask } = await open({ retries: 2, max_wait_seconds: 0.3 });
    expect(said(await ask(viewOf(0)))).toContain('(1 attempt, the last said 529)');
  });
  it('one question at a time: a bar that comes while one is open is not asked about', async () => {
    server.script('hang');
    const { ask } = await open({ max_wait_seconds: 0.3 });
    const first = ask(viewOf(0));
    expect(said(await ask(viewOf(1)))).toBe('none (unavailable): an earlier question is still open; one at a time');
    expect((await first).signal).toBe('none');
    expect(server.seen).toHaveLength(1);
  });
  it('only recorded answers in a backtest: a turn without a deadline asks nothing', async () => {
    const { replay } = await open({});
    const opinion = await replay(viewOf(0));
    expect(said(opinion)).toContain('none (unavailable): a turn without a deadline is a backtest');
    expect(server.seen).toEqual([]);
  });
});

describe('budget', () => {
  it('a day without room for a question: none (budget), nothing is sent', async () => {
    server.script(answer());
    const { session, ask } = await open({ daily_tokens: 4_500, daily_usd: 1 });
    expect((await ask(viewOf(0))).signal).toBe('long');
    expect((await ask(viewOf(1))).signal).toBe('long');
    const refused = await ask(viewOf(2));
    expect(said(refused)).toMatch(
      /^none \(budget\): the day's tokens are used up: 2160 of 4500, and a question may take \d{4}$/,
    );
    expect(server.seen).toHaveLength(2);
    expect(spent(session).market_tokens).toBe(2160);
  });
  it('the US dollars are bounded as well, at the configured prices', async () => {
    server.script(answer());
    const { session, ask } = await open({ daily_usd: 0.02, usd_per_million_input: 3, usd_per_million_output: 15 });
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push(await ask(viewOf(i)));
    expect(said(answers.at(-1)!)).toContain("none (budget): the day's money is used up");
    expect(spent(session).market_usd).toBeLessThanOrEqual(0.02);
    expect(spent(session).market_usd).toBeCloseTo(server.seen.length * 0.0042, 9);
  });
  it('what was used survives a restart through the saved state', async () => {
    server.script(answer());
    const limits = { daily_tokens: 4_500, daily_usd: 1 };
    const first = await open(limits);
    await first.ask(viewOf(0));
    await first.ask(viewOf(1));
    const second = await open(limits, { saved: JSON.parse(JSON.stringify(first.session.save!())) });
    expect(await second.ask(viewOf(2))).toMatchObject({ code: 'budget' });
  });
  it('a market whose days pass in minutes cannot outspend the wall day', async () => {
    server.script(answer());
    const { ask } = await open({ daily_tokens: 4_500, daily_usd: 1 });
    const day = 86_400_000;
    for (let i = 0; i < 2; i++) await ask(viewOf(i, { time: OPEN + i * day }));
    expect(await ask(viewOf(2, { time: OPEN + 2 * day }))).toMatchObject({ code: 'budget' });
  });
  it('a retry for which the budget has no room is not sent', async () => {
    server.script('reset');
    const { ask } = await open({ retries: 2, daily_tokens: 4_500, daily_usd: 1 });
    expect(await ask(viewOf(0))).toMatchObject({ code: 'budget' });
    expect(server.seen).toHaveLength(1);
  });
});

describe('cache and decide_every_bars', () => {
  it('the same prompt gets the same answer without a second question; without the cache it is asked', async () => {
    server.script(answer());
    const view = viewOf(5);
    const later = viewOf(5, { bar: { ...view.bar, time: OPEN + 50 * 300_000 } });
    const cached = await open({});
    expect(await cached.ask(view)).toEqual(await cached.ask(later));
    expect(server.seen).toHaveLength(1);
    const fresh = await open({ cache: false });
    await fresh.ask(view);
    await fresh.ask(later);
    expect(server.seen).toHaveLength(3);
  });
  it('asks at every third bar of a day; between, the answer stands and says so; a new day asks', async () => {
    server.script(answer());
    const { ask } = await open({ decide_every_bars: 3 });
    const texts: string[] = [];
    for (let i = 0; i < 5; i++) texts.push((await ask(viewOf(i))).reasoning);
    expect(server.seen).toHaveLength(2);
    expect(texts[1]).toMatch(/; stands since 1 bar$/);
    expect(texts[2]).toMatch(/; stands since 2 bars$/);
    await ask(viewOf(5, { time: OPEN + 86_400_000 }));
    expect(server.seen).toHaveLength(3);
  });
  it('a standing answer survives a restart; a failure does not stand', async () => {
    server.script(answer());
    const first = await open({ decide_every_bars: 3 });
    await first.ask(viewOf(0));
    const second = await open({ decide_every_bars: 3 }, { saved: JSON.parse(JSON.stringify(first.session.save!())) });
    expect((await second.ask(viewOf(1))).reasoning).toMatch(/stands since 1 bar$/);
    expect(server.seen).toHaveLength(1);
    server.script(apiError(400, 'invalid_request_error'), answer());
    const third = await open({ decide_every_bars: 3 });
    expect((await third.ask(viewOf(0))).signal).toBe('none');
    expect((await third.ask(viewOf(1))).signal).toBe('long');
  });
});

it('the key is in no log line, no reasoning and no console, even when the API and the model repeat it', async () => {
  const printed: unknown[] = [];
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, method).mockImplementation((...parts) => void printed.push(parts));
  vi.stubEnv('ANTHROPIC_LOG', 'debug');
  const { ask, lines, session } = await open({ retries: 0 });
  const texts: string[] = [];
  server.script(answer({ reasoning: `the key is ${KEY}` }));
  texts.push(said(await ask(viewOf(0))));
  server.script({ status: 401, body: { type: 'error', error: { type: 'x', message: `bad key ${KEY}` } } });
  texts.push(said(await ask(viewOf(1))));
  server.script(message(`${KEY} {`));
  texts.push(said(await ask(viewOf(2))));
  vi.restoreAllMocks();
  expect(texts[0]).toContain('the key is [key]');
  const everything = JSON.stringify([texts, lines, printed, session.save!(), server.seen.map(({ body }) => body)]);
  expect(everything).not.toContain(KEY);
  expect(printed).toEqual([]);
});
