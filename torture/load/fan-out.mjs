// A process of clients: so many WebSockets to each of several servers, which only note when what arrives. Forked; told what to do by
// messages, and answers by messages. A text ends with `"seq":N}` whoever sends it.
import { once } from 'node:events';
import { WebSocket } from 'ws';

const groups = new Map();

process.on('message', async (order) => {
  if (order.connect) {
    const { name, url, clients } = order.connect;
    const group = { clients, sockets: [], seen: new Map(), received: 0, closed: 0 };
    groups.set(name, group);
    // a few at a time: a burst of a thousand upgrades is another test
    for (let from = 0; from < clients; from += 50)
      await Promise.all(Array.from({ length: Math.min(50, clients - from) }, () => open(group, url)));
    process.send({ connected: name });
  }
  if (order.report) {
    const { clients, seen, received, closed } = groups.get(order.report);
    const complete = [...seen].filter(([, { count }]) => count === clients);
    process.send({
      report: {
        name: order.report,
        events: seen.size,
        complete: complete.length,
        received,
        closed,
        // milliseconds from the first client that has it to the last
        spreads: Object.fromEntries(complete.map(([seq, { first, last }]) => [seq, last - first])),
      },
    });
  }
  if (order.end) process.exit(0);
});

async function open(group, url) {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  group.sockets.push(socket);
  socket.on('message', (data) => {
    const now = performance.now();
    const tail = data.toString('latin1', Math.max(0, data.length - 40));
    const found = /"seq":(\d+)}$/.exec(tail);
    if (!found || data.includes('"type":"connection"')) return;
    group.received++;
    const one = group.seen.get(found[1]);
    if (!one) group.seen.set(found[1], { first: now, last: now, count: 1 });
    else {
      one.last = now;
      one.count++;
    }
  });
  socket.on('close', () => group.closed++);
  await once(socket, 'open');
}
