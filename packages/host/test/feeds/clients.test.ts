import { afterEach, describe, expect, it } from 'vitest';
import { createCredits } from '../../src/ingest/vendors/credits.js';
import { createFred } from '../../src/ingest/vendors/fred.js';
import { createTwelveData } from '../../src/ingest/vendors/twelvedata.js';
import { VendorError } from '../../src/ingest/vendors/vendor-error.js';
import {
  fakeVendor,
  fred,
  FRED_KEY,
  json,
  twelveData,
  TWELVEDATA_KEY,
  type FakeVendor,
  type Handler,
} from './vendors.js';

const T = Date.parse('2025-03-07T13:00:00Z');
const SLOT = 300_000;
const bar = (i: number) => ({
  time: T + i * SLOT,
  open: 4100 + i,
  high: 4101.5 + i,
  low: 4099 + i,
  close: 4100.25 + i,
});
const bars = Array.from({ length: 60 }, (_, i) => bar(i));

const open: FakeVendor[] = [];
afterEach(async () => {
  for (const vendor of open.splice(0)) await vendor.close();
});
async function vendorOf(answer: Handler): Promise<FakeVendor> {
  const vendor = await fakeVendor(answer);
  open.push(vendor);
  return vendor;
}
const QUICK = { tryMs: 1_000, firstWaitMs: 5, patienceMs: 100 };
const refusal = async (work: Promise<unknown>): Promise<VendorError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(VendorError);
  return error as VendorError;
};

describe('TwelveData', () => {
  const client = (vendor: FakeVendor, more: object = {}) =>
    createTwelveData({ key: TWELVEDATA_KEY, url: vendor.url, ...QUICK, ...more });

  it('reads bars in UTC, in order, numbers out of text, whatever order they come in', async () => {
    const vendor = await vendorOf((url, response, request) => {
      url.searchParams.delete('order');
      twelveData(() => ({ bars }))(url, response, request);
    });
    const { bars: got, meta } = await client(vendor).series('USD/COP', '5min', T, T + 59 * SLOT);
    expect(got).toEqual(bars.map((one) => ({ ...one, volume: 0 })));
    expect(meta).toEqual({ symbol: 'USD/COP', type: 'Physical Currency', currency: 'Colombian Peso' });
    expect(vendor.requests[0]!.url.searchParams.get('timezone')).toBe('UTC');
  });

  it('sends its key in a header, never in the address', async () => {
    const vendor = await vendorOf(twelveData(() => ({ bars })));
    await client(vendor).series('USD/COP', '5min', T, T);
    expect(vendor.requests[0]!.url.href).not.toContain(TWELVEDATA_KEY);
    expect(vendor.requests[0]!.headers.authorization).toBe(`apikey ${TWELVEDATA_KEY}`);
  });

  it('asks a long window in parts that no answer can cut short', async () => {
    const year = Array.from({ length: 12_000 }, (_, i) => bar(i));
    const vendor = await vendorOf(twelveData(() => ({ bars: year })));
    const { bars: got } = await client(vendor).series('USD/COP', '5min', T, T + 11_999 * SLOT);
    expect(got.map(({ time }) => time)).toEqual(year.map(({ time }) => time));
    expect(vendor.requests).toHaveLength(3);
  });

  it('has nothing where the vendor has no data, and passes over a row without a price', async () => {
    const vendor = await vendorOf(twelveData(() => ({ bars })));
    expect(await client(vendor).series('USD/COP', '5min', T - 86_400_000, T - SLOT)).toEqual({
      meta: undefined,
      bars: [],
      gaps: 0,
    });
    vendor.next.push((_, response) =>
      json(response, 200, {
        meta: { symbol: 'USD/COP', interval: '5min', type: 'Physical Currency' },
        values: [
          { datetime: '2025-03-07 13:05:00', open: '4101', high: null, low: '4100', close: '4101' },
          { datetime: '2025-03-07 13:00:00', open: '4100', high: '4102', low: '4100', close: '4101', volume: '' },
        ],
        status: 'ok',
      }),
    );
    const { bars: got, gaps } = await client(vendor).series('USD/COP', '5min', T, T + SLOT);
    expect([got.map(({ time }) => time), gaps]).toEqual([[T], 1]);
  });

  it.each([
    ['a wrong key', 401, { code: 401, message: `apikey ${TWELVEDATA_KEY} is wrong`, status: 'error' }, 'FEED_REFUSED'],
    ['a plan that lacks the symbol', 403, { code: 403, message: 'upgrade', status: 'error' }, 'FEED_REFUSED'],
    [
      'an unknown symbol told with status 200',
      200,
      { code: 404, message: 'symbol invalid', status: 'error' },
      'FEED_REFUSED',
    ],
    ['no JSON', 200, undefined, 'FEED_MALFORMED'],
    ['no values', 200, { meta: { symbol: 'USD/COP', interval: '5min' }, status: 'ok' }, 'FEED_MALFORMED'],
    [
      'another interval',
      200,
      { meta: { symbol: 'USD/COP', interval: '1day' }, values: [], status: 'ok' },
      'FEED_MALFORMED',
    ],
    [
      'words for a price',
      200,
      {
        meta: { symbol: 'USD/COP', interval: '5min' },
        values: [{ datetime: '2025-03-07 13:00:00', open: 'n/a', high: '1', low: '1', close: '1' }],
        status: 'ok',
      },
      'FEED_MALFORMED',
    ],
    [
      'a time that is none',
      200,
      { meta: { symbol: 'USD/COP', interval: '5min' }, values: [{ datetime: 'yesterday' }], status: 'ok' },
      'FEED_MALFORMED',
    ],
  ])('%s is told once, by its code and without the key', async (_, status, body, code) => {
    const vendor = await vendorOf((_url, response) =>
      body === undefined ? void response.end('<html>') : json(response, status, body),
    );
    const error = await refusal(client(vendor).series('USD/COP', '5min', T, T));
    expect(error.code).toBe(code);
    expect(JSON.stringify([error.message, error.remedy, error.stack])).not.toContain(TWELVEDATA_KEY);
    expect(vendor.requests).toHaveLength(1);
  });

  it('a limit of the minute: waits when Retry-After is short, gives up with the wait when it is long', async () => {
    const vendor = await vendorOf(twelveData(() => ({ bars })));
    const limited =
      (wait: string): Handler =>
      (_, response) =>
        json(
          response,
          429,
          { code: 429, message: 'You have run out of API credits for the current minute.', status: 'error' },
          { 'retry-after': wait },
        );
    const patient = client(vendor, { patienceMs: 2_000 });
    vendor.next.push(limited('1'));
    const began = Date.now();
    expect((await patient.series('USD/COP', '5min', T, T)).bars).toHaveLength(1);
    expect(Date.now() - began).toBeGreaterThanOrEqual(990);
    vendor.next.push(limited('40'));
    const error = await refusal(client(vendor).series('USD/COP', '5min', T, T));
    expect([error.code, error.retryAfterMs]).toEqual(['FEED_LIMIT', 40_000]);
    expect(vendor.requests).toHaveLength(3);
  });

  it('tries again what may pass, a few times: 500, no connection, no answer in time', async () => {
    const vendor = await vendorOf(twelveData(() => ({ bars })));
    const fail: Handler = (_, response) => json(response, 502, {});
    vendor.next.push(fail, (_, response) => response.destroy());
    expect((await client(vendor).series('USD/COP', '5min', T, T)).bars).toHaveLength(1);
    vendor.next.push(fail, fail, fail);
    expect((await refusal(client(vendor).series('USD/COP', '5min', T, T))).code).toBe('FEED_DOWN');
    expect(vendor.requests).toHaveLength(6);
    vendor.next.push(
      () => {},
      () => {},
      () => {},
    );
    const late = await refusal(client(vendor, { tryMs: 50 }).series('USD/COP', '5min', T, T));
    expect([late.code, late.message]).toEqual(['FEED_DOWN', 'TwelveData gave no answer within 50 ms']);
  });

  it('reads no more than a bounded answer, and follows no redirect with its key', async () => {
    const vendor = await vendorOf((_, response) => void response.end('x'.repeat(200_000)));
    expect((await refusal(client(vendor, { maxBytes: 100_000 }).series('USD/COP', '5min', T, T))).code).toBe(
      'FEED_MALFORMED',
    );
    const other = await vendorOf(twelveData(() => ({ bars })));
    vendor.next.push(
      ...Array.from(
        { length: 3 },
        (): Handler => (_, response) => void response.writeHead(302, { location: `${other.url}/time_series` }).end(),
      ),
    );
    expect((await refusal(client(vendor).series('USD/COP', '5min', T, T))).code).toBe('FEED_DOWN');
    expect(other.requests).toEqual([]);
  });

  it('ends with its signal, in the middle of a wait too', async () => {
    const vendor = await vendorOf((_, response) => json(response, 503, {}, { 'retry-after': '1' }));
    const work = client(vendor, { patienceMs: 60_000 }).series('USD/COP', '5min', T, T, AbortSignal.timeout(50));
    const began = Date.now();
    await expect(work).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(Date.now() - began).toBeLessThan(900);
  });

  it('takes no more credits a minute than the plan has', () => {
    let now = 0;
    const credits = createCredits(8, () => now);
    expect(Array.from({ length: 8 }, () => credits.take())).toEqual(Array(8).fill(0));
    now = 20_000;
    expect(credits.take()).toBe(40_000);
    now = 60_000;
    expect(credits.take()).toBe(0);
    credits.exhausted(5_000);
    now = 61_000;
    expect(credits.take()).toBe(4_000);
  });
});

describe('FRED', () => {
  const client = (vendor: FakeVendor, key = FRED_KEY) => createFred({ key, url: vendor.url, ...QUICK });
  const DGS10 = [
    { date: '2025-03-03', value: '4.16' },
    { date: '2025-03-04', value: '.' },
    { date: '2025-03-05', value: '4.28' },
    { date: '2025-03-06', value: '4.29' },
    { date: '2025-03-06', value: '4.31', since: '2025-03-12' },
  ];

  it('reads every page, leaves out the days without a value, and takes the later of two vintages', async () => {
    const vendor = await vendorOf(fred({ DGS10 }));
    expect(await client(vendor).observations('DGS10', '2025-03-01')).toEqual([
      { date: '2025-03-03', value: 4.16 },
      { date: '2025-03-05', value: 4.28 },
      { date: '2025-03-06', value: 4.31 },
    ]);
    expect(vendor.requests).toHaveLength(3);
    expect(await client(vendor).observations('DGS10', '2025-03-05')).toHaveLength(2);
  });

  it('a key that is not registered, and an unknown series: refused, without the key that FRED echoes', async () => {
    const vendor = await vendorOf(fred({ DGS10 }));
    const wrong = await refusal(client(vendor, 'wrong-canary').observations('DGS10', '2025-03-01'));
    expect(wrong.code).toBe('FEED_REFUSED');
    expect(wrong.message).toContain('(***) is not registered');
    expect(JSON.stringify([wrong.message, wrong.stack])).not.toContain('wrong-canary');
    expect((await refusal(client(vendor).observations('NOPE', '2025-03-01'))).code).toBe('FEED_REFUSED');
  });

  it.each([
    [429, { error_code: 429, error_message: 'Too Many Requests' }, 'FEED_LIMIT'],
    [500, {}, 'FEED_DOWN'],
    [200, {}, 'FEED_MALFORMED'],
    [200, { count: 1, observations: [{ date: '2025-03-03', value: 'n/a' }] }, 'FEED_MALFORMED'],
  ])('status %i with %j is %s', async (status, body, code) => {
    const vendor = await vendorOf((_, response) => json(response, status, body));
    expect((await refusal(client(vendor).observations('DGS10', '2025-03-01'))).code).toBe(code);
  });
});
