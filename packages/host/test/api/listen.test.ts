import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import Koa from 'koa';
import { expect, it } from 'vitest';
import { listen, type Service } from '../../src/services/listen.js';

const service = (defaultPort: number): Service => {
  const application = new Koa();
  application.use((ctx) => void (ctx.body = 'here'));
  return { name: 'models', defaultPort, application };
};
async function taken(): Promise<{ port: number; free(): void }> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as net.AddressInfo).port, free: () => server.close() };
}

it('a default port that is taken gives way to the next free one', async () => {
  const { port, free } = await taken();
  const listening = await listen(service(port));
  expect(listening.port).toBeGreaterThan(port);
  expect(listening.port).toBeLessThanOrEqual(port + 100);
  expect(await (await fetch(listening.url)).text()).toBe('here');
  await listening.close();
  free();
});

it('a configured port that is taken is PORT_TAKEN, naming port, service, holder and remedy', async () => {
  const { port, free } = await taken();
  const refused = listen(service(1), { port });
  await expect(refused).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    remedy: expect.stringContaining('services.models.port'),
  });
  await expect(refused).rejects.toThrow(new RegExp(`port ${port}, configured for models, is taken`));
  if (process.platform === 'linux') await expect(refused).rejects.toThrow(new RegExp(`process ${process.pid}\\)`));
  free();
});

it.runIf(process.platform === 'linux')('names a program of another process', async () => {
  const child = spawn(process.execPath, [
    '-e',
    `const s = require('net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))`,
  ]);
  try {
    const port = Number(String((await once(child.stdout, 'data'))[0]));
    await expect(listen(service(1), { port })).rejects.toThrow(new RegExp(`taken by .+ \\(process ${child.pid}\\)`));
  } finally {
    child.kill();
  }
});

it('an address that is not of this machine is BIND_REFUSED', async () => {
  await expect(listen(service(0), { port: 0, bind: '192.0.2.1' })).rejects.toMatchObject({ code: 'BIND_REFUSED' });
});

it('closing ends connections that are kept alive', async () => {
  const listening = await listen(service(0), { port: 0 });
  const socket = net.connect(listening.port, '127.0.0.1');
  await once(socket, 'connect');
  const ended = once(socket, 'close');
  await listening.close();
  await ended;
});
