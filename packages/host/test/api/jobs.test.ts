import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beat, beginJob, endJob, noteRun } from '../../src/stores/postgres/jobs.js';
import { createRun, readRun } from '../../src/stores/postgres/runs.js';
import { openStage, seed, type Json, type Stage } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
  await seed(stage.pool);
});
afterAll(() => stage.close());

const send = async (method: string, path: string, body?: object): Promise<{ status: number; body: Json }> => {
  const response = await fetch(`${stage.models.url}${path}`, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, body: await response.json() };
};
const ASKED = { strategies: ['ALPHA'], from: '2025-01-08', to: '2025-02-28' };

describe('/api/backtests and /api/jobs', () => {
  it('a backtest is queued with 202 and its id; the same again is the same', async () => {
    const first = await send('POST', '/api/backtests', { ...ASKED, config: { name: 'one' } });
    expect(first).toEqual({ status: 202, body: { id: expect.stringMatching(/^job-/) } });
    expect((await send('POST', '/api/backtests', { ...ASKED, config: { name: 'one' } })).body).toEqual(first.body);
    const { body } = await stage.get(`/api/backtests/${first.body.id}`);
    expect(body).toMatchObject({
      id: first.body.id,
      run_id: null,
      state: 'queued',
      progress: 0,
      result: null,
      ...ASKED,
    });
    expect((await stage.get('/api/backtests')).body.backtests).toEqual([body]);
    expect((await send('DELETE', `/api/backtests/${first.body.id}`)).body).toEqual({
      id: first.body.id,
      state: 'cancelled',
    });
    expect((await stage.get(`/api/backtests/${first.body.id}`)).body.state).toBe('cancelled');
  });

  it('what cannot be run is refused before it is queued, naming the field', async () => {
    const refused = async (path: string, body: object) => {
      const { status, body: said } = await send('POST', path, body);
      return [status, said.code];
    };
    expect(await refused('/api/backtests', { strategies: ['NOPE'] })).toEqual([404, 'STRATEGY_UNKNOWN']);
    expect(await refused('/api/backtests', { from: '2025-13-01' })).toEqual([422, 'PARAMETER_INVALID']);
    expect(await refused('/api/backtests', { from: '2025-03-01', to: '2025-02-01' })).toEqual([
      422,
      'PARAMETER_INVALID',
    ]);
    expect(await refused('/api/backtests', { script: 'x' })).toEqual([422, 'PARAMETER_INVALID']);
    expect(await refused('/api/jobs', { kind: 'sweep', parameters: { strategy: 'ALPHA' } })).toEqual([
      422,
      'PARAMETER_INVALID',
    ]);
    expect(await refused('/api/jobs', { kind: 'shell' })).toEqual([422, 'PARAMETER_INVALID']);
    expect((await stage.get('/api/backtests/job-1')).status).toBe(404);
    expect((await send('DELETE', '/api/jobs/job-1')).body.code).toBe('JOB_UNKNOWN');
  });

  it('progress, failure with code and remedy, result and removal are shown as they are stored', async () => {
    const { id } = (await send('POST', '/api/jobs', { kind: 'backtest', parameters: { from: '2025-02-01' } })).body;
    const job = (await beginJob(stage.pool, id, { worker: 'w', host: 'h' }))!;
    await createRun(stage.pool, { id: 'bt-x', symbol: 'USD/COP', from: 0, to: 1, strategies: ['ALPHA'] });
    await noteRun(stage.pool, job, 'bt-x');
    await beat(stage.pool, job, { progress: 0.25, note: null, pid: 1 });
    expect((await stage.get(`/api/backtests/${id}`)).body).toMatchObject({
      state: 'running',
      progress: 0.25,
      run_id: 'bt-x',
    });
    expect((await send('DELETE', `/api/backtests/${id}`)).body).toEqual({ id, state: 'cancelling' });
    expect(await beat(stage.pool, job, { progress: 0.3, note: null, pid: 1 })).toEqual({ cancelRequested: true });
    const error = { code: 'INPUT_NOT_FOUND', message: 'no bars', remedy: 'Take some in.' };
    expect(await endJob(stage.pool, { id, attempt: job.attempt - 1 }, { state: 'cancelled' }), 'an old attempt').toBe(
      false,
    );
    expect(await endJob(stage.pool, job, { state: 'failed', error })).toBe(true);
    expect((await stage.get(`/api/jobs?state=failed&kind=backtest`)).body.jobs).toMatchObject([
      { id, error, attempt: 1 },
    ]);
    expect((await send('DELETE', `/api/backtests/${id}`)).body).toEqual({ id, state: 'removed' });
    expect((await stage.get(`/api/jobs/${id}`)).status).toBe(404);
    expect(await readRun(stage.pool, 'bt-x')).toBeUndefined();
  });

  it('another kind of job is no backtest', async () => {
    const { id } = (await send('POST', '/api/jobs', { kind: 'features' })).body;
    expect((await stage.get(`/api/jobs/${id}`)).body).toMatchObject({
      kind: 'features',
      state: 'queued',
      parameters: {},
    });
    expect((await stage.get(`/api/backtests/${id}`)).status).toBe(404);
    expect((await send('DELETE', `/api/jobs/${id}`)).body.state).toBe('cancelled');
  });
});
