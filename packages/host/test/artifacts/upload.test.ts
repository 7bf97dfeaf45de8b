import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/index.js';
import { openS3 } from '../../src/stores/artifacts/s3.js';
import { testDatabase, type TestDatabase } from '../postgres.js';
import { NEEDS_PYTHON, python, repository, runPython } from '../python.js';
import { s3Program, s3Server, type S3Server } from './s3-server.js';

const folder = mkdtempSync(join(tmpdir(), 'signalbox-upload-'));
let server: S3Server;
let database: TestDatabase;
let env: Record<string, string>;
const absent = s3Program === null;

beforeAll(async () => {
  if (absent) return;
  server = await s3Server();
  database = await testDatabase({ world: 'market' });
  const { host, port, user, password } = database.pool.options as {
    host?: string;
    port?: number;
    user?: string;
    password?: string;
  };
  env = {
    DATABASE_URL: `postgresql://${user ?? 'admin'}:${password ?? ''}@/${database.name}?host=${encodeURIComponent(String(host))}&port=${String(port ?? 5432)}`,
    MINIO_ENDPOINT: server.address,
    MINIO_ACCESS_KEY: 'minioadmin',
    MINIO_SECRET_KEY: 'minioadmin123',
  };
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly code: number;
  readonly body: {
    status: string;
    data: { models: Record<string, unknown>[] } & Record<string, unknown>;
    errors: { code: string; remedy: string }[];
  };
}
async function signalbox(...args: string[]): Promise<Answer> {
  let out = '';
  const streams = { stdout: { write: (text: string) => (out += text) }, stderr: { write: () => true }, env };
  const code = await run([...args, '--world', 'market', '--json'], streams, repository);
  return { code, body: JSON.parse(out) as Answer['body'] };
}
const modelOf = async (code: string, version: number): Promise<Record<string, unknown> | undefined> =>
  (await signalbox('models', 'list', code)).body.data.models.find((one) => one['version'] === version);

/** Section 5.2 of the reference, line by line; only the address is this test's, and `io` and the model are there. */
const REFERENCE = (address: string): string => `
import io
your_model = {"any": "object"}
from minio import Minio
import pickle

# Initialize MinIO client
client = Minio(
    "${address}",
    access_key="minioadmin",
    secret_key="minioadmin123",
    secure=False
)
if not client.bucket_exists("99-common-trading-models"): client.make_bucket("99-common-trading-models")

# Save model
model_bytes = pickle.dumps(your_model)
client.put_object(
    "99-common-trading-models",
    "ML_NEW/model_v1.pkl",
    io.BytesIO(model_bytes),
    len(model_bytes)
)
`;

describe.skipIf(absent || python === null)(
  `the reference's upload to MinIO, as written, against a real S3 server (needs versitygw) ${NEEDS_PYTHON}`,
  () => {
    it('is listed as unverified with the reason and the command that converts it, and is neither loaded nor promoted', async () => {
      expect(await runPython(['-c', REFERENCE(server.address)])).toMatchObject({ status: 0 });
      expect(await modelOf('ML_NEW', 1)).toMatchObject({
        file: 'ML_NEW/model_v1.pkl',
        state: 'unverified',
        champion: false,
        reason: expect.stringContaining('Python pickle'),
        remedy: expect.stringContaining('python training/convert.py'),
      });
      await database.pool.query(
        `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type, description, initial_equity, is_active)
         VALUES ('ML_NEW', 'New ML Model', 'ML', 'Description of new model', 10000.00, TRUE)`,
      );
      for (const args of [
        ['promote', 'ML_NEW', 'v1'],
        ['add', 'ML_NEW', 'v1'],
      ]) {
        const refused = await signalbox('models', ...args);
        expect(refused.code).toBe(1);
        expect(refused.body.errors[0]).toMatchObject({ code: 'MODEL_PICKLE' });
      }
      const verify = await signalbox('models', 'verify', 'ML_NEW');
      expect(verify.code).toBe(1);
      expect(verify.body.data.models[0]).toMatchObject({ problem: { code: 'MODEL_PICKLE' } });
    });
  },
);

describe.skipIf(absent)('models on a real S3 server (needs versitygw), from the command line', () => {
  it('a raw upload is unverified until `models add` has given it its manifest; then it can be promoted and rolled back', async () => {
    const bytes = readFileSync(join(repository, 'packages/strategy-ml-xgb/models/model_v1.json'));
    const manifest = JSON.parse(
      readFileSync(join(repository, 'packages/strategy-ml-xgb/models/model_v1.manifest.json'), 'utf8'),
    ) as object;
    await openS3(server.options).put('ML_XGB/model_v3.json', bytes);
    expect(await modelOf('ML_XGB', 3)).toMatchObject({
      state: 'unverified',
      format: 'xgboost-json',
      reason: 'no manifest stands beside it',
      remedy: expect.stringContaining('signalbox models add ML_XGB v3 --manifest'),
    });
    const unverified = await signalbox('models', 'promote', 'ML_XGB', 'v3');
    expect([unverified.code, unverified.body.errors[0]!.code]).toEqual([1, 'MODEL_UNVERIFIED']);

    // what the trainer would say of the same trees, had the data been the market's
    const file = join(folder, 'm.manifest.json');
    writeFileSync(file, JSON.stringify({ ...manifest, trained_on: 'market' }));
    const added = await signalbox('models', 'add', 'ML_XGB', 'v3', '--manifest', file);
    expect(added).toMatchObject({ code: 0, body: { data: { version: 3, golden_rows: 21, state: 'verified' } } });
    expect((await signalbox('models', 'verify', 'ML_XGB', 'v3')).code).toBe(0);
    expect(await signalbox('models', 'promote', 'ML_XGB', 'v3')).toMatchObject({
      code: 0,
      body: { data: { version: 3, previousVersion: 0 } },
    });
    expect(await modelOf('ML_XGB', 3)).toMatchObject({ champion: true, state: 'verified' });
    expect(await signalbox('models', 'rollback', 'ML_XGB')).toMatchObject({ code: 0, body: { data: { version: 0 } } });
  });

  it('a wrong key ends with the exit code of a store and names the variables', async () => {
    const before = env['MINIO_SECRET_KEY']!;
    env['MINIO_SECRET_KEY'] = 'wrong-secret-1';
    const refused = await signalbox('models', 'list');
    env['MINIO_SECRET_KEY'] = before;
    expect(refused.code).toBe(5);
    expect(refused.body.errors[0]).toMatchObject({
      code: 'ARTIFACT_STORE_DOWN',
      remedy: expect.stringContaining('MINIO_SECRET_KEY'),
    });
    expect(JSON.stringify(refused.body)).not.toContain('wrong-secret-1');
  });
});
