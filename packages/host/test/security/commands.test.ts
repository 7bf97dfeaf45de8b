import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/index.js';
import { EXIT } from '../../src/cli/exit-codes.js';
import { checkPassword } from '../../src/security/passwords.js';
import { parseKey } from '../../src/security/secrets.js';
import { readAudit } from '../../src/stores/postgres/audit.js';
import { validKey } from '../../src/stores/postgres/credentials.js';
import { findUser } from '../../src/stores/postgres/accounts.js';
import { suspendStrategy } from '../../src/stores/postgres/plugin-faults.js';
import { openPool } from '../../src/stores/postgres/pool.js';
import { pluginProject } from '../plugin-project.js';
import { testDatabase, type TestDatabase } from '../postgres.js';
import { databaseUrl } from '../running-host.js';

const { dir } = pluginProject();
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ world: 'market' });
});

interface Said {
  readonly code: number;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- compared by shape
  readonly data: any;
  readonly errors: readonly { readonly code: string }[];
}

async function signalbox(argv: readonly string[], input?: string, env: Record<string, string> = {}): Promise<Said> {
  let out = '';
  let err = '';
  const streams = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    env: { SIGNALBOX_WORLD: 'market', DATABASE_URL: databaseUrl(database.connection), ...env },
    ...(input === undefined
      ? {}
      : {
          stdin: (async function* () {
            yield Buffer.from(input);
          })(),
        }),
  };
  const code = await run([...argv, '--json'], streams, dir);
  const { data, errors } = JSON.parse(out) as Pick<Said, 'data' | 'errors'>;
  return { code, text: out + err, data, errors };
}
const PASSWORD = 'four words are enough';

describe('signalbox users', () => {
  it('the first admin is made by command; his password comes by standard input, and is kept as argon2id alone', async () => {
    const added = await signalbox(
      ['users', 'add', 'Ana@Example.org', '--role', 'admin', '--password-stdin'],
      `${PASSWORD}\n`,
    );
    expect(added).toMatchObject({ code: EXIT.ok, data: { email: 'ana@example.org', role: 'admin' } });
    const user = (await findUser(database.pool, 'ana@example.org'))!;
    expect(user.passwordHash).toMatch(/^\$argon2id\$/);
    expect(await checkPassword(PASSWORD, user.passwordHash)).toBe(true);
    const listed = await signalbox(['users', 'list']);
    expect(listed.data.users).toMatchObject([{ email: 'ana@example.org', role: 'admin', name: null }]);
    expect(added.text + listed.text).not.toMatch(/argon2id|four words/);
  });

  it('a weak password, a second user of one address, an unknown one, and nobody to type it are refused by code', async () => {
    const add = (email: string, password?: string) =>
      signalbox(['users', 'add', email, ...(password === undefined ? [] : ['--password-stdin'])], password);
    for (const weak of ['short', '', 'aaaaaaaaaaaaaaaaaaaa', 'x'.repeat(257)])
      expect((await add('weak@example.org', `${weak}\n`)).errors[0]!.code).toBe('PASSWORD_WEAK');
    expect((await add('ana@example.org', PASSWORD)).errors[0]!.code).toBe('USER_EXISTS');
    expect((await add('typed@example.org')).errors[0]!.code).toBe('PARAMETER_INVALID');
    expect(await signalbox(['users', 'remove', 'nobody@example.org'])).toMatchObject({
      code: EXIT.input,
      errors: [{ code: 'USER_UNKNOWN' }],
    });
  });

  it('a new password and a removal end what was open', async () => {
    const sessions = async (): Promise<number> =>
      (await database.pool.query('SELECT 1 FROM dw.login_session')).rowCount ?? 0;
    const login = () =>
      database.pool.query(
        `INSERT INTO dw.login_session (digest, user_id, expires_at)
         SELECT sha256(random()::text::bytea), user_id, now() + interval '1 hour' FROM users`,
      );
    await login();
    await signalbox(['users', 'password', 'ana@example.org', '--password-stdin'], 'another four good words\n');
    expect(await sessions()).toBe(0);
    expect(await checkPassword(PASSWORD, (await findUser(database.pool, 'ana@example.org'))!.passwordHash)).toBe(false);
    await login();
    await signalbox(['users', 'remove', 'ana@example.org']);
    expect([await sessions(), (await signalbox(['users', 'list'])).data.users]).toEqual([0, []]);
  });
});

describe('signalbox keys', () => {
  it('shows a key once, keeps its digest alone, and takes it back', async () => {
    const { data, code } = await signalbox(['keys', 'add', 'airflow', '--role', 'trader', '--days', '30']);
    expect([code, data.name, data.role]).toEqual([EXIT.ok, 'airflow', 'trader']);
    expect((Date.parse(data.expires_at) - Date.now()) / 86_400_000).toBeCloseTo(30, 1);
    const parsed = parseKey(data.key)!;
    expect((await validKey(database.pool, parsed.id))!.digest).toEqual(parsed.digest);
    const { rows } = await database.pool.query<{ text: string }>('SELECT k::text AS text FROM dw.api_key k');
    expect(JSON.stringify(rows)).not.toContain(data.key.slice(13));
    expect((await signalbox(['keys', 'add', 'airflow'])).errors[0]!.code).toBe('KEY_EXISTS');
    const listed = await signalbox(['keys', 'list']);
    expect(listed.data.keys).toMatchObject([{ id: parsed.id, name: 'airflow', role: 'trader', state: 'valid' }]);
    expect(listed.text).not.toContain(data.key.slice(13));
    expect((await signalbox(['keys', 'revoke', 'airflow'])).code).toBe(EXIT.ok);
    expect(await validKey(database.pool, parsed.id)).toBeUndefined();
    expect((await signalbox(['keys', 'revoke', 'airflow'])).errors[0]!.code).toBe('KEY_UNKNOWN');
    expect((await signalbox(['keys', 'list'])).data.keys[0].state).toBe('revoked');
    // the name is free again
    expect((await signalbox(['keys', 'add', 'airflow'])).data.role).toBe('viewer');
  });
});

describe('signalbox demo', () => {
  it('sends the key in SIGNALBOX_API_KEY, and says which one is missing where a host wants one', async () => {
    const host = createServer((request, response) => {
      const known = request.headers.authorization === 'Bearer a-key';
      response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
      response.end(JSON.stringify(known ? { clock: { mode: 'replay', speed: 0, now: 'now' } } : {}));
    });
    await new Promise<void>((done) => host.listen(0, '127.0.0.1', done));
    try {
      const pause = ['demo', 'pause', '--port', String((host.address() as AddressInfo).port)];
      expect(await signalbox(pause, undefined, { SIGNALBOX_API_KEY: 'a-key' })).toMatchObject({ code: EXIT.ok });
      expect((await signalbox(pause)).errors).toMatchObject([
        { code: 'AUTH_REQUIRED', remedy: expect.stringContaining('SIGNALBOX_API_KEY') },
      ]);
    } finally {
      host.closeAllConnections();
      host.close();
    }
  });
});

describe('signalbox audit', () => {
  it('says who did it on this machine, of plugins and lifted halts too, and whether the record is whole', async () => {
    const me = (await readAudit(database.pool, 1))[0]!.actor;
    expect(me).not.toMatch(/^database role/);
    await database.pool.query(
      `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type) VALUES ('ML_X', 'X', 'ML')`,
    );
    const own = openPool(database.connection, { actor: 'ana maria' });
    await suspendStrategy(own, 'ML_X', 'odd answers', Date.now());
    await own.query(
      `INSERT INTO dw.risk_resets (strategy_id, reason, actor) SELECT strategy_id, 'looked into', 'ana maria' FROM dw.dim_strategy`,
    );
    await own.query('DELETE FROM dw.plugin_suspensions');
    await own.end();
    const { data, code } = await signalbox(['audit', '--limit', '3']);
    expect([code, data.first_broken]).toEqual([EXIT.ok, null]);
    expect(data.entries).toMatchObject([
      { actor: 'ana_maria', action: 'plugin_suspensions.delete', subject: 'ML_X' },
      { actor: 'ana_maria', action: 'risk_resets.insert', subject: 'ML_X', detail: { reason: 'looked into' } },
      { actor: 'ana_maria', action: 'plugin_suspensions.insert', subject: 'ML_X' },
    ]);
  });

  it('a changed entry ends it with exit code 1, and doctor names it', async () => {
    const doctor = async () => (await signalbox(['doctor', '--only', 'audit'])).data.checks as { status: string }[];
    expect(await doctor()).toMatchObject([{ name: 'audit', status: 'pass' }]);
    await database.pool.query('ALTER TABLE dw.audit DISABLE TRIGGER USER');
    await database.pool.query(`UPDATE dw.audit SET actor = 'nobody' WHERE audit_id = 2`);
    await database.pool.query('ALTER TABLE dw.audit ENABLE TRIGGER USER');
    expect(await signalbox(['audit'])).toMatchObject({ code: EXIT.refused, data: { first_broken: 2 } });
    expect(await doctor()).toMatchObject([
      {
        status: 'fail',
        detail: expect.stringContaining('entry 2'),
        remedy: expect.stringContaining('signalbox audit'),
      },
    ]);
  });

  it('doctor says when a login is asked for and nobody has one, and when nobody is an admin', async () => {
    const access = async () =>
      (await signalbox(['doctor', '--only', 'access'], undefined, { SIGNALBOX_AUTHENTICATION: 'required' })).data
        .checks as { status: string; detail: string }[];
    expect(await access()).toMatchObject([{ status: 'warn', detail: '0 users, 1 valid key, and no admin among them' }]);
    await signalbox(['keys', 'add', 'boss', '--role', 'admin']);
    expect(await access()).toMatchObject([{ status: 'pass', detail: '0 users, 2 valid keys' }]);
    await database.pool.query('UPDATE dw.api_key SET revoked_at = now()');
    expect(await access()).toMatchObject([{ status: 'warn', detail: expect.stringContaining('neither') }]);
    expect((await signalbox(['doctor', '--only', 'access'])).data.checks).toMatchObject([{ status: 'skip' }]);
  });
});
