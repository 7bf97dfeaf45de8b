// The peer: nothing but `ws`, which sends one text to every client. Forked; `{send: text}` sends, `{memory}` tells what it holds.
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, maxPayload: 4096 });
server.on('listening', () => process.send({ url: `ws://127.0.0.1:${server.address().port}` }));
process.on('message', (order) => {
  if (order.send) {
    const data = Buffer.from(order.send);
    for (const client of server.clients) client.send(data, { binary: false });
  }
  if (order.memory) {
    globalThis.gc();
    process.send({ memory: process.memoryUsage() });
  }
  if (order.end) process.exit(0);
});
