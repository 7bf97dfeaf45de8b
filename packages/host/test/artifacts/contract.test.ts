import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFolder } from '../../src/stores/artifacts/folder.js';
import type { ArtifactStore } from '../../src/stores/artifacts/port.js';
import { openS3 } from '../../src/stores/artifacts/s3.js';
import { s3Program, s3Server, type S3Server } from './s3-server.js';

const root = mkdtempSync(join(tmpdir(), 'signalbox-artifacts-'));
let server: S3Server | undefined;
let folders = 0;
beforeAll(async () => {
  if (s3Program !== null) server = await s3Server();
});
afterAll(async () => {
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
});

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const large = new Uint8Array(6_000_000).map((_, i) => (i * 31) & 255);

const ADAPTERS: [string, boolean, () => ArtifactStore][] = [
  ['folder', false, () => openFolder(join(root, `folder-${++folders}`))],
  [
    'S3, a real server (needs versitygw: SIGNALBOX_S3_SERVER or on PATH)',
    s3Program === null,
    () => openS3({ ...server!.options, bucket: `models-${++folders}` }),
  ],
];

describe.each(ADAPTERS)('artifact store: %s', (_, absent, open) => {
  it.skipIf(absent)('is empty before anything is stored, and says of a file that it is not there', async () => {
    const store = open();
    expect(await store.list()).toEqual([]);
    await expect(store.get('ML_XGB/model_v1.json')).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    await store.put('ML_XGB/model_v1.json', text('{}'));
    await expect(store.get('ML_XGB/model_v2.json')).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
  });

  it.skipIf(absent)('gives back the bytes that were put, whole or their beginning, and lists by name', async () => {
    const store = open();
    await store.put('ML_XGB/model_v2.ubj', large);
    await store.put('ML_XGB/model_v1.json', text('{"a":1}'));
    await store.put('ML_LGBM/model_v1.manifest.json', text('é'));
    expect(Buffer.compare(await store.get('ML_XGB/model_v2.ubj'), large)).toBe(0);
    expect(await store.get('ML_XGB/model_v2.ubj', 5)).toEqual(large.slice(0, 5));
    expect(await store.get('ML_XGB/model_v1.json', 500)).toEqual(text('{"a":1}'));
    const listed = await store.list();
    expect(listed.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['ML_LGBM/model_v1.manifest.json', 2],
      ['ML_XGB/model_v1.json', 7],
      ['ML_XGB/model_v2.ubj', large.length],
    ]);
    for (const { modified } of listed) expect(Math.abs(Date.now() - modified)).toBeLessThan(600_000);
  });

  it.skipIf(absent)('an empty file is a file', async () => {
    const store = open();
    await store.put('ML_XGB/model_v1.json', new Uint8Array(0));
    expect((await store.get('ML_XGB/model_v1.json')).length).toBe(0);
    expect((await store.get('ML_XGB/model_v1.json', 16)).length).toBe(0);
  });

  it.skipIf(absent)('never changes a stored file: other bytes are refused, the same ones are no error', async () => {
    const store = open();
    await store.put('ML_XGB/model_v1.json', text('one'));
    await store.put('ML_XGB/model_v1.json', text('one'));
    await expect(store.put('ML_XGB/model_v1.json', text('two'))).rejects.toMatchObject({ code: 'MODEL_EXISTS' });
    expect(await store.get('ML_XGB/model_v1.json')).toEqual(text('one'));
  });

  it.skipIf(absent)('of two writers of one name one wins, and its file is whole', async () => {
    const store = open();
    const versions = Array.from({ length: 6 }, (_, i) => new Uint8Array(300_000).fill(i));
    const done = await Promise.allSettled(versions.map((bytes) => store.put('ML_XGB/model_v1.json', bytes)));
    const kept = await store.get('ML_XGB/model_v1.json');
    expect(kept.length).toBe(300_000);
    expect(new Set(kept).size).toBe(1);
    expect(done.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    for (const one of done) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'MODEL_EXISTS' });
    expect(done[kept[0]!]!.status).toBe('fulfilled');
  });

  it.skipIf(absent)('takes no name that leaves its place', async () => {
    const store = open();
    for (const name of [
      '../x/model_v1.json',
      'ML_XGB/../../etc/passwd',
      '/etc/passwd',
      'ml/model_v1.json',
      'ML_XGB/model_v0.json',
      'ML_XGB/model_v1.a/b',
      '',
    ])
      for (const work of [store.get(name), store.put(name, text('x'))])
        await expect(work, name).rejects.toMatchObject({ code: 'PARAMETER_INVALID' });
    expect(await store.list()).toEqual([]);
  });

  it.skipIf(absent)('neither stores nor reads what is larger than a model can be', async () => {
    const store = open();
    await expect(store.put('ML_XGB/model_v1.json', new Uint8Array(64 * 1024 * 1024 + 1))).rejects.toMatchObject({
      code: 'MODEL_MALFORMED',
    });
    expect(await store.list()).toEqual([]);
  });
});

describe('the folder', () => {
  it('shows nobody a file that is on its way', async () => {
    const folder = join(root, 'partial');
    const store = openFolder(folder);
    await store.put('ML_XGB/model_v1.json', text('{}'));
    writeFileSync(join(folder, 'ML_XGB', '.tmp-1-x'), 'half');
    expect((await store.list()).map(({ name }) => name)).toEqual(['ML_XGB/model_v1.json']);
    await store.put('ML_XGB/model_v2.json', text('{}'));
    expect(readdirSync(join(folder, 'ML_XGB')).filter((name) => name.startsWith('.tmp'))).toEqual(['.tmp-1-x']);
  });

  it('a link to nowhere, a circle of links and a folder in place of a file hide nothing of what lies beside them', async () => {
    const folder = join(root, 'links');
    const store = openFolder(folder);
    await store.put('ML_LGBM/model_v1.txt', text('tree'));
    await store.put('ML_XGB/model_v1.json', text('{}'));
    symlinkSync(join(root, 'nowhere'), join(folder, 'ML_LGBM', 'model_v2.txt'));
    symlinkSync(join(folder, 'ML_XGB', 'model_v3.json'), join(folder, 'ML_XGB', 'model_v3.json'));
    symlinkSync(join(root, 'nowhere'), join(folder, 'RL_PPO'));
    mkdirSync(join(folder, 'ML_XGB', 'model_v4.json'));
    expect((await store.list()).map(({ name }) => name)).toEqual(['ML_LGBM/model_v1.txt', 'ML_XGB/model_v1.json']);
  });
});
