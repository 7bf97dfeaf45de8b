// A process of readers: so many requests a second in an open loop, each counted from the moment when it was due, so that a server
// that stops answering is not spared. Forked with the addresses; stops and reports at `{end}`.
import { Agent, get } from 'node:http';

const { urls, perSecond } = JSON.parse(process.argv[2]);
const agent = new Agent({ keepAlive: true, maxSockets: 200 });

/** 60 % small and hot, 30 % 300 bars, 10 % analytics. */
const MIX = [
  [0.2, 'signals/latest', `${urls.models}/api/models/signals/latest`],
  [0.4, 'latest', `${urls.trading}/api/latest/USDCOP`],
  [0.5, 'positions/current', `${urls.models}/api/models/positions/current`],
  [0.6, 'models', `${urls.models}/api/models`],
  [0.9, 'candlesticks, 300 bars', `${urls.trading}/api/candlesticks/USDCOP?limit=300`],
  [0.95, 'comparison', `${urls.models}/api/models/performance/comparison`],
  [1, 'performance-kpis', `${urls.analytics}/api/analytics/performance-kpis`],
];
const kinds = new Map(MIX.map(([, name]) => [name, []]));
const statuses = {};
let inFlight = 0;
let seed = 1;
const random = () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 4_294_967_296;
};

const began = performance.now();
let sent = 0;
const timer = setInterval(() => {
  const now = performance.now();
  for (; sent < ((now - began) / 1_000) * perSecond; sent++) ask(began + (sent / perSecond) * 1_000);
}, 1);

function ask(due) {
  const at = random();
  const [, name, url] = MIX.find(([upTo]) => at < upTo);
  inFlight++;
  const done = (status) => {
    inFlight--;
    statuses[status] = (statuses[status] ?? 0) + 1;
    kinds.get(name).push(performance.now() - due);
  };
  const request = get(url, { agent }, (response) => {
    response.on('data', () => {});
    response.once('end', () => done(response.statusCode));
  });
  request.setTimeout(10_000, () => request.destroy(new Error('timeout')));
  request.once('error', (error) => done(error.message));
}

process.on('message', async () => {
  clearInterval(timer);
  const seconds = (performance.now() - began) / 1_000;
  for (let i = 0; inFlight > 0 && i < 1_000; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  process.send({ seconds, sent, statuses, kinds: Object.fromEntries(kinds) }, () => process.exit(0));
});
