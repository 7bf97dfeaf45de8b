import { expect, it } from 'vitest';
import { runReferenceClient } from '../reference-client.mjs';
import { NOW, openStage, seed, SLOT } from './stage.js';

it('the reference’s own client runs, pings, and reconnects without an exception', async () => {
  const stage = await openStage({ events: true });
  const { ids } = await seed(stage.pool);
  let n = 0;
  const signals = setInterval(() => {
    void stage.pool.query(
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, side, confidence, reasoning) VALUES ($1, $2, 'long', 'buy', .8, 'x')`,
      [ids['ALPHA'], new Date(NOW + ++n * SLOT)],
    );
  }, 100);
  const { thrown, types, logs, sockets } = await runReferenceClient(
    `${stage.models.url.replace('http', 'ws')}/ws/trading-signals`,
    {
      seconds: 3,
      keepAlive: 250,
      reconnect: 200,
      cut: 1000,
    },
  );
  clearInterval(signals);
  expect(thrown).toEqual([]);
  expect(sockets, 'it was cut off once and came back').toBe(2);
  expect(types).toMatchObject({ connection: 2, pong: expect.any(Number), signal_update: expect.any(Number) });
  expect(logs[0]).toEqual(['Connected to trading signals']);
  expect(logs.filter(([word]) => word === 'New signal:').length).toBe(types['signal_update']);
  await stage.close();
});
