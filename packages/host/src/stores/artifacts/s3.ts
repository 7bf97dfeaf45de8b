import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { Client, type ClientOptions } from 'minio';
import { SignalboxError } from '@signalbox/core';
import { checkName } from './names.js';
import { MAX_ARTIFACT_BYTES, MAX_OBJECTS, type ArtifactStore, type S3Options, type StoredObject } from './port.js';
import { alreadyThere, notThere, tooLarge } from './problems.js';

/** S3 error codes that another try may mend. */
const PASSING = new Set(['InternalError', 'SlowDown', 'ServiceUnavailable', 'RequestTimeout', 'OperationAborted']);

/**
 * Model files in a bucket, through `minio`. The library has no deadline of its own, tries again on status codes only, and can wait for
 * ever for a stream: every try here has a deadline that ends its socket, retries are ours, and files go as buffers.
 */
export function openS3(options: S3Options): ArtifactStore {
  const { bucket, endPoint, port, useSSL, tryMs = 15_000, tries = 3 } = options;
  const place = `${useSSL ? 'https' : 'http'}://${endPoint}:${port}/${bucket}`;
  const policy = retry(handleWhen(passes), {
    maxAttempts: tries - 1,
    backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 2_000 }),
  });

  /** One request with its deadline, tried again when the fault may pass. */
  const ask = async <T>(work: (client: Client, deadline: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await policy.execute(async () => {
        const deadline = AbortSignal.timeout(tryMs);
        const late = new Promise<never>((_, reject) =>
          deadline.addEventListener('abort', () => reject(new Error(`no answer within ${tryMs} ms`)), { once: true }),
        );
        return Promise.race([work(clientOf(options, deadline), deadline), late]);
      });
    } catch (error) {
      throw known(error, place);
    }
  };

  const get = async (name: string, first?: number): Promise<Uint8Array> => {
    checkName(name);
    try {
      return await ask(async (client) => {
        if (first === undefined) return collect(await client.getObject(bucket, name), name, MAX_ARTIFACT_BYTES);
        const { size } = await client.statObject(bucket, name);
        // a range of an empty file is an error
        if (size === 0) return new Uint8Array(0);
        return collect(await client.getPartialObject(bucket, name, 0, Math.min(first, size)), name, first);
      });
    } catch (error) {
      throw isMissing(error) ? notThere(name, place) : error;
    }
  };

  return {
    kind: 's3',
    place,
    get,
    async list() {
      try {
        return await ask(async (client, deadline) => {
          const found: StoredObject[] = [];
          const stream = client.listObjectsV2(bucket, '', true);
          deadline.addEventListener('abort', () => stream.destroy(), { once: true });
          for await (const item of stream as AsyncIterable<{ name?: string; size: number; lastModified?: Date }>) {
            if (item.name === undefined) continue;
            found.push({ name: item.name, bytes: item.size, modified: item.lastModified?.getTime() ?? 0 });
            if (found.length >= MAX_OBJECTS) break;
          }
          return found.sort((a, b) => (a.name < b.name ? -1 : 1));
        });
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    },
    async put(name, bytes) {
      checkName(name);
      if (bytes.length > MAX_ARTIFACT_BYTES) throw tooLarge(name, bytes.length);
      const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const send = (): Promise<unknown> => ask((client) => client.putObject(bucket, name, body, body.length));
      try {
        try {
          await send();
        } catch (error) {
          if (!isMissing(error)) throw error;
          await ask((client) => client.makeBucket(bucket, options.region)).catch((problem: unknown) => {
            // another host was faster
            if (!/^BucketAlready/.test(codeOf(problem))) throw problem;
          });
          await send();
        }
      } catch (error) {
        if (codeOf(error) !== 'PreconditionFailed') throw error;
        // also after a try of ours whose answer was lost
        if (Buffer.compare(await get(name), bytes) !== 0) throw alreadyThere(name);
      }
    },
  };
}

/** A client of one try: its requests end with the deadline, and what it puts never replaces a file. */
function clientOf({ endPoint, port, useSSL, accessKey, secretKey, region }: S3Options, deadline: AbortSignal): Client {
  const through = useSSL ? https : http;
  const request = (
    given: http.RequestOptions,
    answer: (response: http.IncomingMessage) => void,
  ): http.ClientRequest => {
    const creates = given.method === 'PUT' && /^\/[^/]+\/./.test(given.path ?? '');
    const headers = { ...(given.headers as http.OutgoingHttpHeaders), ...(creates ? { 'if-none-match': '*' } : {}) };
    return through.request({ ...given, headers, signal: deadline }, answer);
  };
  return new Client({
    endPoint,
    port,
    useSSL,
    accessKey,
    secretKey,
    // known, so that no request asks for it
    region,
    pathStyle: true,
    transport: { request } as unknown as NonNullable<ClientOptions['transport']>,
    transportAgent: through.globalAgent,
    retryOptions: { disableRetry: true },
  });
}

async function collect(stream: Readable, name: string, limit: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      stream.destroy();
      throw tooLarge(name, size);
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks, size));
}

const codeOf = (error: unknown): string => {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  return String(code === 'ARTIFACT_STORE_DOWN' ? cause?.code : code);
};

function isMissing(error: unknown): boolean {
  return ['NoSuchKey', 'NoSuchBucket', 'NotFound'].includes(codeOf(error));
}

/** S3 answers with codes in words; what has none never came as far as an answer. */
const isAnswer = (error: unknown): boolean => /^[A-Z][a-z]\w+$/.test(codeOf(error));

function passes(error: unknown): boolean {
  if (error instanceof SignalboxError) return false;
  return !isAnswer(error) || PASSING.has(codeOf(error));
}

function known(error: unknown, place: string): unknown {
  if (error instanceof SignalboxError || isMissing(error) || codeOf(error) === 'PreconditionFailed') return error;
  if (/^BucketAlready/.test(codeOf(error))) return error;
  const denied = ['AccessDenied', 'InvalidAccessKeyId', 'SignatureDoesNotMatch'].includes(codeOf(error));
  const why = isAnswer(error) ? codeOf(error) : (error as Error).message || codeOf(error);
  return new SignalboxError(
    'ARTIFACT_STORE_DOWN',
    `the store of model files ${place} ${denied ? 'refuses the key' : 'does not answer'}: ${why}`,
    denied
      ? 'Check MINIO_ACCESS_KEY and MINIO_SECRET_KEY, and that the key may read and write the bucket.'
      : 'Check MINIO_ENDPOINT and that the server runs; the model that is in use goes on serving.',
    { cause: error },
  );
}
