import { DelegateBackoff, handleWhen, retry } from 'cockatiel';
import { VendorError } from './vendor-error.js';

export interface VendorRequest {
  /** For people. */
  readonly vendor: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Never to be seen in an error, whatever the vendor echoes. */
  readonly secret: string;
  readonly signal?: AbortSignal | undefined;
}

/** What a vendor said: the parsed body, whatever the status. */
export interface VendorAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly retryAfterMs: number | undefined;
}

export interface AskOptions {
  /** Milliseconds of one try; 15 s. */
  readonly tryMs?: number;
  /** Tries in all; 3. */
  readonly tries?: number;
  /** The longest wait between two tries, also when Retry-After asks for more; 5 s. */
  readonly patienceMs?: number;
  /** First wait; it doubles. 500 ms. */
  readonly firstWaitMs?: number;
  /** Bytes of an answer; 16 MB. */
  readonly maxBytes?: number;
}

/**
 * Asks a vendor and lets `take` judge the answer; what may pass (no connection, no answer in time, 5xx, a limit that ends
 * soon) is asked again, a few times, with growing waits or the one that Retry-After names. Redirects are not followed: they
 * would carry the key along.
 * @throws VendorError
 */
export async function ask<T>(
  request: VendorRequest,
  take: (answer: VendorAnswer) => T,
  options: AskOptions = {},
): Promise<T> {
  const { tryMs = 15_000, tries = 3, patienceMs = 5_000, firstWaitMs = 500, maxBytes = 16 * 2 ** 20 } = options;
  const { vendor, url, headers, secret, signal } = request;
  const policy = retry(
    handleWhen(
      (error) =>
        !signal?.aborted &&
        error instanceof VendorError &&
        (error.code === 'FEED_DOWN' || error.code === 'FEED_LIMIT') &&
        (error.code === 'FEED_DOWN' ? (error.retryAfterMs ?? 0) : (error.retryAfterMs ?? Infinity)) <= patienceMs,
    ),
    {
      maxAttempts: tries - 1,
      backoff: new DelegateBackoff(({ attempt, result }) => {
        const asked = 'error' in result ? (result.error as VendorError).retryAfterMs : undefined;
        return asked ?? Math.min(patienceMs, firstWaitMs * 2 ** (attempt - 1));
      }),
    },
  );
  const once = async (): Promise<T> => {
    const deadline = AbortSignal.timeout(tryMs);
    let answer: VendorAnswer;
    try {
      const response = await fetch(url, {
        headers: { accept: 'application/json', ...headers },
        redirect: 'error',
        signal: signal ? AbortSignal.any([deadline, signal]) : deadline,
      });
      const text = await textOf(response, maxBytes, vendor);
      const retryAfterMs = waitOf(response.headers.get('retry-after'));
      answer = { status: response.status, headers: response.headers, body: parsed(text), retryAfterMs };
    } catch (error) {
      if (error instanceof VendorError) throw error;
      signal?.throwIfAborted();
      throw new VendorError(
        'FEED_DOWN',
        `${vendor} ${deadline.aborted ? `gave no answer within ${tryMs} ms` : `cannot be reached (${causeOf(error)})`}`,
      );
    }
    if (answer.status >= 500)
      throw new VendorError('FEED_DOWN', `${vendor} answers with status ${answer.status}`, answer.retryAfterMs);
    return take(answer);
  };
  try {
    return await untilAborted(policy.execute(once), signal);
  } catch (error) {
    if (!(error instanceof VendorError)) throw error;
    // a vendor may echo what it was sent
    const clean = error.message.replaceAll(secret, '***').replaceAll(encodeURIComponent(secret), '***');
    throw clean === error.message ? error : new VendorError(error.code, clean, error.retryAfterMs);
  }
}

/** What a vendor says of itself, in one short line. */
export function said(text: unknown): string {
  return typeof text === 'string' ? text.replace(/\s+/g, ' ').trim().slice(0, 300) : 'no reason given';
}

async function textOf(response: Response, maxBytes: number, vendor: string): Promise<string> {
  if (!response.body) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw new VendorError('FEED_MALFORMED', `${vendor} answers with more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Seconds, or a date. */
function waitOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

function causeOf(error: unknown): string {
  const { cause, name } = error as { cause?: { code?: unknown; message?: unknown }; name?: string };
  if (typeof cause?.code === 'string') return cause.code;
  return cause?.message === 'unexpected redirect' ? 'it redirects elsewhere' : (name ?? 'unknown');
}

/** The library's waits do not end with the signal. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  work.catch(() => {}); // when the signal came first
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', stop));
}
