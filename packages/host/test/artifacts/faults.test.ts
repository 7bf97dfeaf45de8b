import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ArtifactCache, digestOf, fetchVerified } from '../../src/stores/artifacts/cache.js';
import type { S3Options } from '../../src/stores/artifacts/port.js';
import { openS3 } from '../../src/stores/artifacts/s3.js';
import { ACCESS, s3Program, s3Server } from './s3-server.js';

const root = mkdtempSync(join(tmpdir(), 'signalbox-s3-faults-'));
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** An S3 server that misbehaves. */
async function faulty(listener: RequestListener): Promise<S3Options> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    endPoint: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    useSSL: false,
    ...ACCESS,
    bucket: 'models',
    region: 'us-east-1',
    tryMs: 300,
    tries: 2,
  };
}
const NAME = 'ML_XGB/model_v1.json';
const model = Buffer.from('{"a model":1}');
const head = (bytes: number) => ({
  'content-length': bytes,
  etag: '"x"',
  'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT',
});

describe('a failing S3 server', () => {
  const KINDS: [string, RequestListener][] = [
    ['never answers', () => {}],
    ['answers 503', (_, response) => response.writeHead(503).end()],
    ['cuts the connection', (request) => request.socket.destroy()],
    ['sends a byte now and then', (_, response) => {
      response.writeHead(200, head(100_000));
      const drip = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(drip));
    }], // prettier-ignore
    ['stops in the middle of a file', (_, response) => {
      response.writeHead(200, head(100_000));
      response.write('x');
      setTimeout(() => response.destroy(), 20);
    }], // prettier-ignore
  ];
  it.each(KINDS)('that %s is ARTIFACT_STORE_DOWN with a remedy, in bounded time', async (_, listener) => {
    const store = openS3(await faulty(listener));
    const started = performance.now();
    await expect(store.get(NAME)).rejects.toMatchObject({
      code: 'ARTIFACT_STORE_DOWN',
      remedy: expect.stringContaining('MINIO_'),
    });
    await expect(store.put(NAME, model)).rejects.toBeDefined();
    expect(performance.now() - started).toBeLessThan(6_000);
  });

  it('is asked again when the fault may pass', async () => {
    let asked = 0;
    const options = await faulty((request, response) => {
      if (++asked === 1) request.socket.destroy();
      else response.writeHead(200, head(model.length)).end(model);
    });
    expect(Buffer.from(await openS3(options).get(NAME))).toEqual(model);
    expect(asked).toBe(2);
  });

  it('that serves a file without end is cut off at the size of a model', async () => {
    const options = await faulty((_, response) => {
      response.writeHead(200, { ...head(80_000_000) });
      const block = Buffer.alloc(1 << 20);
      const more = (): void => {
        while (!response.destroyed && response.write(block));
      };
      response.on('drain', more);
      more();
    });
    await expect(openS3({ ...options, tryMs: 10_000, tries: 1 }).get(NAME)).rejects.toMatchObject({
      code: 'MODEL_MALFORMED',
    });
  });

  it('that refuses the key says so, and shows no secret', async () => {
    const options = await faulty((_, response) => {
      response.writeHead(403, { 'content-type': 'application/xml' });
      response.end('<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error>');
    });
    const error = await openS3(options)
      .get(NAME)
      .catch((problem: Error) => problem);
    expect(error).toMatchObject({ code: 'ARTIFACT_STORE_DOWN', remedy: expect.stringContaining('MINIO_SECRET_KEY') });
    expect(String(error)).not.toContain(ACCESS.secretKey);
  });
});

describe('the cache of verified files', () => {
  it('takes no file that has not its digest, and leaves nothing of it behind', async () => {
    const folder = join(root, 'wrong');
    const options = await faulty((_, response) => response.writeHead(200, head(4)).end('evil'));
    const wanted = digestOf(model);
    await expect(fetchVerified(openS3(options), new ArtifactCache(folder), NAME, wanted)).rejects.toMatchObject({
      code: 'MODEL_HASH_MISMATCH',
    });
    expect(await new ArtifactCache(folder).read(wanted)).toBeUndefined();
    expect(() => readdirSync(folder)).toThrow(/ENOENT/);
  });

  it('a file of it that was damaged on disk is fetched again', async () => {
    const folder = join(root, 'damaged');
    const cache = new ArtifactCache(folder);
    const wanted = digestOf(model);
    await cache.write(wanted, model);
    writeFileSync(join(folder, wanted), 'damaged');
    let asked = 0;
    const options = await faulty((_, response) => {
      asked++;
      response.writeHead(200, head(model.length)).end(model);
    });
    expect(Buffer.from(await fetchVerified(openS3(options), cache, NAME, wanted))).toEqual(model);
    expect(asked).toBe(1);
    expect(readdirSync(folder)).toEqual([wanted]);
  });

  it.skipIf(s3Program === null)(
    'serves a model that was verified once while the server is down (a real one: needs versitygw)',
    async () => {
      const server = await s3Server();
      try {
        const store = openS3({ ...server.options, tryMs: 500, tries: 2 });
        const cache = new ArtifactCache(join(root, 'down'));
        await store.put(NAME, model);
        const wanted = digestOf(model);
        expect(Buffer.from(await fetchVerified(store, cache, NAME, wanted))).toEqual(model);
        await server.stop();
        expect(Buffer.from(await fetchVerified(store, cache, NAME, wanted))).toEqual(model);
        await expect(store.list()).rejects.toMatchObject({ code: 'ARTIFACT_STORE_DOWN' });
        await server.start();
        expect((await store.list()).map(({ name }) => name)).toEqual([NAME]);
      } finally {
        await server.stop();
      }
    },
  );

  it('keeps the last used files and no more', async () => {
    const folder = join(root, 'many');
    const cache = new ArtifactCache(folder);
    for (let i = 0; i < 80; i++) await cache.write(digestOf(Buffer.from([i])), Buffer.from([i]));
    expect(readdirSync(folder)).toHaveLength(64);
    expect(await cache.read(digestOf(Buffer.from([79])))).toBeDefined();
  });
});
