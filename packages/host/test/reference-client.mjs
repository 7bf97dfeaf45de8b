// The JavaScript client of the reference, as written there (3.5, and 8.1 for reconnection), against a host that runs.
//   node packages/host/test/reference-client.mjs [ws://localhost:8006/ws/trading-signals] [seconds]
// Fails when anything throws, when a message is not JSON, or when nothing comes.
import { pathToFileURL } from 'node:url';
import { WebSocket as NodeWebSocket } from 'ws';

const BODY = `
  // 3.5, with the connection of 8.1
  let ws;
  function connect() {
    ws = new WebSocket(URL_OF_HOST);

    ws.onopen = () => {
      console.log('Connected to trading signals');
    };

    ws.onmessage = (event) => {
      const data = JSON.parse(event.data);
      if (data.type === 'signal_update') {
        console.log('New signal:', data);
      }
    };
    ws.onclose = () => setTimeout(connect, 5000);
  }
  connect();

  // Keep alive
  setInterval(() => ws.send('ping'), KEEP_ALIVE);
`;

/**
 * Runs it for a while. `reconnect` and `keepAlive` stand for its 5000 and 25000 ms.
 * @returns what it logged, what came, and what was thrown inside it
 */
export async function runReferenceClient(url, { seconds, reconnect = 5000, keepAlive = 25_000, cut } = {}) {
  const thrown = [];
  const types = {};
  const logs = [];
  const timers = [];
  const sockets = [];
  const guarded = (run) => () => {
    try {
      run();
    } catch (error) {
      thrown.push(error);
    }
  };
  class Socket extends NodeWebSocket {
    constructor(address) {
      super(address);
      sockets.push(this);
      // what a browser shows in its console and does not throw
      this.on('error', () => {});
      this.on('message', (data) => {
        const { type } = JSON.parse(String(data));
        types[type] = (types[type] ?? 0) + 1;
      });
    }
    set onmessage(handler) {
      super.onmessage = (event) => guarded(() => handler({ data: String(event.data) }))();
    }
    send(data) {
      // as in a browser: only a socket that is connecting throws
      if (this.readyState === NodeWebSocket.CONNECTING) throw new Error('InvalidStateError');
      if (this.readyState === NodeWebSocket.OPEN) super.send(data);
    }
  }
  const script = new Function('WebSocket', 'URL_OF_HOST', 'KEEP_ALIVE', 'console', 'setTimeout', 'setInterval', BODY);
  const stopped = { now: false };
  script(
    Socket,
    url,
    keepAlive,
    { log: (...words) => logs.push(words) },
    (run) => timers.push(setTimeout(() => !stopped.now && guarded(run)(), reconnect)),
    (run, ms) => timers.push(setInterval(guarded(run), ms)),
  );
  if (cut) timers.push(setTimeout(() => sockets.at(-1)?.terminate(), cut));
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  stopped.now = true;
  timers.forEach(clearTimeout);
  sockets.at(-1)?.terminate();
  return { thrown, types, logs, sockets: sockets.length };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const url = process.argv[2] ?? 'ws://localhost:8006/ws/trading-signals';
  const seconds = Number(process.argv[3] ?? 120);
  const { thrown, types, sockets } = await runReferenceClient(url, { seconds });
  console.log(JSON.stringify({ url, seconds, sockets, types, thrown: thrown.map(String) }));
  if (thrown.length > 0 || !types.connection) process.exitCode = 1;
}
