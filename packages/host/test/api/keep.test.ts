import http from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGate } from '../../src/services/gate.js';
import { createKeep } from '../../src/services/keep.js';
import type { PublishedEvent } from '../../src/stores/events/event.js';
import { NOW, openStage, seed, SLOT, type Stage } from './stage.js';

let stage: Stage;
let ids: Readonly<Record<string, number>>;
beforeAll(async () => {
  stage = await openStage({ events: true, keep: {}, open: true });
  ({ ids } = await seed(stage.pool));
});
afterAll(() => stage.close());

const LATEST = '/api/models/signals/latest';
/** Raw: fetch decompresses by itself. */
function raw(path: string, headers: Record<string, string> = {}, on = stage.models) {
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port: on.port, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () =>
            resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
          );
      })
      .on('error', reject);
  });
}
let minute = 0;
const signal = (reasoning: string) =>
  stage.pool.query(
    `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, reasoning) VALUES ($1, $2, 'flat', $3)`,
    [ids['QUIET'], new Date(NOW - 100 * SLOT + ++minute * SLOT), reasoning],
  );
const quiet = (body: Buffer): string | undefined =>
  (JSON.parse(body.toString()) as { signals: { strategy_code: string; reasoning: string }[] }).signals.find(
    (each) => each.strategy_code === 'QUIET',
  )?.reasoning;

describe('an answer that is kept', () => {
  it('carries an ETag of the last seq; who has it gets 304 without a body, on every origin, warm or cold', async () => {
    const { rows } = await stage.pool.query('SELECT max(seq) AS seq FROM dw.events');
    const first = await raw(LATEST);
    expect(first.headers['etag']).toMatch(new RegExp(`^W/"${rows[0].seq}-[\\w-]{16}"$`));
    expect(first.headers).toMatchObject({ 'cache-control': 'private, no-cache', vary: 'Accept-Encoding' });
    for (const on of [stage.models, stage.dashboard]) {
      for (const wait of [0, 1100]) {
        await new Promise((resolve) => setTimeout(resolve, wait));
        const again = await raw(LATEST, { 'if-none-match': first.headers['etag']! }, on);
        expect([again.status, again.body.length, again.headers['etag']]).toEqual([304, 0, first.headers['etag']]);
        expect((await raw(LATEST, { 'if-none-match': '"other"' }, on)).status).toBe(200);
      }
    }
  });

  it('has the same headers and the same body, whether it was built for this request or kept', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const [cold, warm] = [await raw(LATEST), await raw(LATEST)];
    expect(warm.body).toEqual(cold.body);
    for (const { headers } of [cold, warm]) delete headers['date'];
    expect(warm.headers).toEqual(cold.headers);
  });

  it('is never stale: a committed signal is in the first answer after its event, and the ETag is another', async () => {
    for (let n = 0; n < 5; n++) {
      const before = await raw(LATEST);
      const heard = new Promise((resolve) => stage.dependencies.events.subscribe(resolve));
      await signal(`number ${n}`);
      await heard;
      const after = await raw(LATEST, { 'if-none-match': before.headers['etag']! });
      expect([after.status, quiet(after.body)]).toEqual([200, `number ${n}`]);
      expect(after.headers['etag']).not.toBe(before.headers['etag']);
    }
  });

  it('shows within a second what no event tells of, with another ETag', async () => {
    const before = await raw(LATEST);
    await stage.pool.query(`UPDATE dw.fact_strategy_signals SET not_traded = 'drawdown' WHERE strategy_id = $1`, [
      ids['ALPHA'],
    ]);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const after = await raw(LATEST, { 'if-none-match': before.headers['etag']! });
    expect(after.status).toBe(200);
    expect(after.body.toString()).toContain('"not_traded":"drawdown"');
  });

  it('the shortcut knows no other host than Koa does', async () => {
    await raw(LATEST);
    const foreign = await raw(LATEST, { host: 'evil.example' });
    expect([foreign.status, JSON.parse(foreign.body.toString()).code]).toEqual([403, 'HOST_NOT_ALLOWED']);
  });
});

describe('compression', () => {
  const PATH = '/api/models/equity-curves?hours=720';
  it.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
  ] as const)('%s is negotiated and says the same, built or kept', async (encoding, decompress) => {
    for (let n = 0; n < 2; n++) {
      const packed = await raw(PATH, { 'accept-encoding': encoding });
      expect(packed.headers['content-encoding']).toBe(encoding);
      const plain = await raw(PATH);
      expect(plain.headers['content-encoding']).toBeUndefined();
      expect(JSON.parse(decompress(packed.body).toString()).curves).toEqual(JSON.parse(plain.body.toString()).curves);
      expect(packed.body.length).toBeLessThan(plain.body.length / 4);
    }
  });
  it('not for tiny bodies, nor for who refuses it', async () => {
    const tiny = await raw('/api/latest/USDCOP', { 'accept-encoding': 'gzip, br' }, stage.trading);
    expect([tiny.status, tiny.headers['content-encoding']]).toEqual([200, undefined]);
    expect((await raw(PATH, { 'accept-encoding': 'gzip;q=0, br;q=0' })).headers['content-encoding']).toBeUndefined();
    expect((await raw(PATH, { 'accept-encoding': 'gzip;q=0.5, br;q=0' })).headers['content-encoding']).toBe('gzip');
  });
});

describe('createKeep', () => {
  const source = () => {
    let listener: (event: PublishedEvent) => void = () => {};
    return {
      lastSeq: () => 7,
      subscribe: (l: typeof listener) => ((listener = l), () => {}),
      publish: (seq: number) => listener({ seq, type: 'x', time: 0, recordedAt: 0, payload: {} }),
    };
  };
  const built = (text: string) => ({ type: 'application/json', route: '/x', text, passing: ['age'] });

  it('builds once for all that ask meanwhile, and once a second while nothing happens', async () => {
    const keep = createKeep(source(), { maxAgeMs: 200 });
    let builds = 0;
    const ask = () =>
      keep.answer('k', async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return built(`{"n":${++builds}}`);
      });
    await Promise.all(Array.from({ length: 50 }, ask));
    await ask();
    expect(builds).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 220));
    await Promise.all([ask(), ask()]);
    expect(builds).toBe(2);
  });

  it('who asks after an event does not get what was begun before it', async () => {
    const events = source();
    const keep = createKeep(events);
    let fact = 'old';
    const ask = () =>
      keep.answer('k', async () => {
        const read = fact;
        await new Promise((resolve) => setTimeout(resolve, 20));
        return built(read);
      });
    const before = ask();
    await new Promise((resolve) => setTimeout(resolve, 5));
    fact = 'new';
    events.publish(8);
    expect((await ask()).body.toString()).toBe('new');
    expect((await before).body.toString()).toBe('old');
    const kept = await ask();
    expect([kept.body.toString(), kept.etag.startsWith('W/"8-')]).toEqual(['new', true]);
  });

  it('a costly body under a storm of events takes a tenth of the time at most', async () => {
    const events = source();
    const keep = createKeep(events);
    let builds = 0;
    const began = performance.now();
    for (let seq = 8; performance.now() - began < 600; seq++) {
      events.publish(seq);
      await keep.answer('k', async () => {
        const until = performance.now() + 10;
        while (performance.now() < until);
        return built(String(++builds));
      });
    }
    expect(builds).toBeLessThanOrEqual(8);
  });

  it('what passes with time alone does not change the ETag, what is a fact does', async () => {
    const keep = createKeep(source(), { maxAgeMs: 0 });
    const etag = async (text: string) => (await keep.answer('k', async () => built(text))).etag;
    expect(await etag('{"age":1,"x":2}')).toBe(await etag('{"age":99,"x":2}'));
    expect(await etag('{"age":1,"x":2}')).not.toBe(await etag('{"age":1,"x":3}'));
  });

  it('a failure is not kept', async () => {
    const keep = createKeep(source());
    await expect(keep.answer('k', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect((await keep.answer('k', async () => built('{}'))).body.toString()).toBe('{}');
  });

  it('holds no more than it may', async () => {
    const keep = createKeep(source(), { maxBytes: 10_000 });
    for (let i = 0; i < 20; i++) await keep.answer(`k${i}`, async () => built('x'.repeat(1_000)));
    expect(keep.fresh('k0')).toBeUndefined();
    expect(keep.fresh('k19')).toBeDefined();
    expect(Array.from({ length: 20 }, (_, i) => keep.fresh(`k${i}`)).filter(Boolean)).toHaveLength(10);
  });
});

describe('createGate', () => {
  it('lets as many in as it is wide, the others in order, and turns away who waits too long or finds no room', async () => {
    const gate = createGate({ width: 2, queue: 2, patienceMs: 60 });
    let inside = 0;
    let most = 0;
    const work = (ms: number) => () =>
      gate.run(async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, ms));
        inside--;
      });
    const results = await Promise.allSettled([work(20), work(200), work(5), work(5), work(1)].map((each) => each()));
    expect(results.map((each) => each.status)).toEqual([...Array(4).fill('fulfilled'), 'rejected']);
    expect(most).toBe(2);
    const late = await Promise.allSettled([work(200), work(200), work(1)].map((each) => each()));
    expect(late[2]).toMatchObject({ status: 'rejected', reason: { code: 'BUSY' } });
    await gate.run(async () => {});
  });
});
