import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of a test that speaks a vendor's protocol. */
export interface FakeVendor {
  readonly url: string;
  /** Every request so far: its address and headers. */
  readonly requests: { readonly url: URL; readonly headers: IncomingMessage['headers'] }[];
  /** Answers the next requests, one each, before the ordinary answer. */
  readonly next: Handler[];
  close(): Promise<void>;
}

export type Handler = (url: URL, response: ServerResponse, request: IncomingMessage) => void;

export const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void =>
  void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

export async function fakeVendor(answer: Handler): Promise<FakeVendor> {
  const requests: FakeVendor['requests'] = [];
  const next: Handler[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://vendor');
    requests.push({ url, headers: request.headers });
    (next.shift() ?? answer)(url, response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    next,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const TWELVEDATA_KEY = 'td-canary-5f1c';
export const FRED_KEY = 'fredcanary0123456789abcdef012345';

export interface PricedBar {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/** TwelveData's `time_series` as it is documented: prices as text, newest first unless asked otherwise, at most `outputsize` rows. */
export function twelveData(
  of: (
    id: string,
    interval: string,
  ) => { readonly bars: readonly PricedBar[]; readonly meta?: Record<string, string> } | undefined,
): Handler {
  return (url, response, request) => {
    const q = url.searchParams;
    if (url.pathname !== '/time_series')
      return json(response, 404, { code: 404, message: 'not found', status: 'error' });
    if (request.headers.authorization !== `apikey ${TWELVEDATA_KEY}`)
      return json(response, 401, {
        code: 401,
        message: `**apikey** parameter is incorrect or not specified: ${request.headers.authorization}. You can get your free API key instantly.`,
        status: 'error',
      });
    const id = q.get('symbol')!;
    const interval = q.get('interval')!;
    const found = of(id, interval);
    if (!found)
      return json(response, 404, {
        code: 404,
        message: '**symbol** or **figi** parameter is missing or invalid. Please provide a valid symbol.',
        status: 'error',
      });
    const moment = (name: string): number => Date.parse(`${q.get(name)!.replace(' ', 'T')}Z`);
    const inside = found.bars.filter(({ time }) => time >= moment('start_date') && time <= moment('end_date'));
    if (inside.length === 0)
      return json(response, 400, {
        code: 400,
        message: 'No data is available on the specified dates. Try setting different start/end dates.',
        status: 'error',
      });
    const newestFirst = [...inside].sort((a, b) => b.time - a.time).slice(0, Number(q.get('outputsize') ?? 30));
    const rows = q.get('order') === 'asc' ? newestFirst.reverse() : newestFirst;
    const offset = q.get('timezone') === 'UTC' ? 0 : -5 * 3_600_000;
    const values = rows.map(({ time, open, high, low, close }) => ({
      datetime: new Date(time + offset)
        .toISOString()
        .slice(0, interval === '1day' ? 10 : 19)
        .replace('T', ' '),
      open: open.toFixed(5),
      high: high.toFixed(5),
      low: low.toFixed(5),
      close: close.toFixed(5),
    }));
    const meta = {
      symbol: id,
      interval,
      currency_base: 'US Dollar',
      currency_quote: 'Colombian Peso',
      type: 'Physical Currency',
      ...found.meta,
    };
    json(response, 200, { meta, values, status: 'ok' }, { 'api-credits-used': '1', 'api-credits-left': '7' });
  };
}

/** FRED's `series/observations` as it is documented. */
export function fred(
  series: Readonly<Record<string, readonly { date: string; value: string; since?: string }[]>>,
): Handler {
  return (url, response) => {
    const q = url.searchParams;
    const bad = (message: string): void =>
      json(response, 400, { error_code: 400, error_message: `Bad Request.  ${message}` });
    if (q.get('api_key') !== FRED_KEY)
      return bad(`The value for variable api_key (${q.get('api_key')}) is not registered.`);
    const found = series[q.get('series_id')!];
    if (!found) return bad('The series does not exist.');
    const all = found.filter(({ date }) => date >= q.get('observation_start')!);
    const offset = Number(q.get('offset') ?? 0);
    const limit = Math.min(Number(q.get('limit') ?? 100_000), 2);
    const observations = all.slice(offset, offset + limit).map(({ date, value, since = '2025-03-10' }) => ({
      realtime_start: since,
      realtime_end: '9999-12-31',
      date,
      value,
    }));
    json(response, 200, { realtime_start: '2025-03-10', count: all.length, offset, limit, observations });
  };
}
