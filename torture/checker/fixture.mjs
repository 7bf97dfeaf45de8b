// A record as the database would have it of a small run in which nothing is wrong: two sessions, the second one is the run;
// one strategy that goes long, is stopped, flips and is closed at the session's end. For tests of the rules.
import { replayBook } from './book.mjs';
import { text } from './exact.mjs';
import { iso } from './findings.mjs';
import { observe } from './market.mjs';

export const SLOT_MS = 300_000;
const OPEN = [Date.parse('2025-03-10T13:00:00Z'), Date.parse('2025-03-11T13:00:00Z')];
export const FROM = OPEN[1];

const bar = (time, close, { high = close + 1, low = close - 1, open = close } = {}) => ({
  time,
  open: open.toFixed(6),
  high: Math.max(high, open).toFixed(6),
  low: Math.min(low, open).toFixed(6),
  close: close.toFixed(6),
  committed: String(BigInt(time) * 1000n),
});

/** Slots of the run in which something happens: the price, and what the strategy says. */
const TAPE = {
  4: { signal: 'long' },
  5: { open: 4000, close: 4010 },
  8: { close: 3990, low: 3950 }, // through the stop at 3960
  10: { signal: 'short' },
  12: { signal: 'long' },
  20: { signal: 'close' },
  30: { signal: 'long' },
  31: { open: 3970, close: 3960, low: 3890, high: 4130 }, // touches stop and target
  57: { signal: 'short' },
};

export function record() {
  const history = Array.from({ length: 60 }, (_, i) => bar(OPEN[0] + i * SLOT_MS, 4000));
  const run = Array.from({ length: 60 }, (_, i) => bar(OPEN[1] + i * SLOT_MS, TAPE[i]?.close ?? 4000, TAPE[i] ?? {}));
  const bars = [...history, ...run];
  const signals = run.map(({ time, close }, i) => {
    const said = TAPE[i]?.signal ?? 'flat';
    const up = said === 'long' ? 1 : -1;
    const entering = said === 'long' || said === 'short';
    const at = Number(close);
    return {
      id: String(i + 1),
      strategy: 1,
      time,
      stamp: time + SLOT_MS,
      signal: said,
      size: entering ? '0.2000' : null,
      stop: entering ? (at - up * 40).toFixed(6) : null,
      target: entering ? (at + up * 60).toFixed(6) : null,
      breakeven: entering ? '0.5000' : null,
      reasoning: 'because',
      mode: 'live',
      notTraded: null,
    };
  });
  const byTime = new Map(signals.map((signal) => [signal.time, signal]));
  const { book, positions, marks, refusals, alerts } = replayBook(
    1_000_000n,
    run,
    byTime,
    observe(bars),
    history.at(-1).time,
  );
  for (const [time, reason] of refusals) byTime.get(time).notTraded = reason;
  const equity = marks.map((mark) => ({
    strategy: 1,
    time: mark.time,
    stamp: mark.time + SLOT_MS,
    equity: text(mark.equity, 2),
    unrealized: text(mark.unrealized, 2),
    returnPct: text(mark.returnPct, 4),
    drawdownPct: text(mark.drawdownPct, 4),
    committed: String(BigInt(mark.time + SLOT_MS) * 1000n),
  }));
  const stored = positions.map((position, i) => ({
    id: String(i + 1),
    strategy: 1,
    side: position.side,
    quantity: text(position.quantity, 6),
    size: text(position.size, 4),
    entry: text(position.entry, 6),
    entryTime: position.entryTime,
    entryBar: position.entryBar,
    signalBar: position.signalBar,
    stop: text(position.stop, 6),
    target: text(position.target, 6),
    fees: text(position.fees, 2),
    status: 'closed',
    exit: text(position.exit, 6),
    exitTime: position.exitTime,
    exitBar: position.exitBar,
    reason: position.reason,
    realized: text(position.realized, 2),
    unrealized: '0.00',
  }));
  const made = {
    strategies: [{ id: 1, code: 'TAPE', initial: '10000.00' }],
    bars,
    signals,
    none: [],
    equity,
    positions: stored,
    alerts: alerts.map(({ code, time }, i) => ({ id: String(i + 1), strategy: 1, code, message: 'as told', time })),
    performance: [],
    features: [],
    states: [
      {
        strategy: 1,
        time: run.at(-1).time,
        book: JSON.stringify({
          cash: Number(text(book.cash, 2)),
          equity: Number(text(book.equity, 2)),
          position: null,
        }),
        plugin: null,
      },
    ],
    cycles: run.map(({ time }) => ({ time, status: 'done', mode: 'live', decisions: 1 })),
    world: [{ base: '0' }],
    events: [],
  };
  made.events = eventsOf(made, run);
  return made;
}

/** Bar by bar: its price, what was filled in it, its signal. */
function eventsOf({ signals, positions, alerts }, run) {
  const events = [];
  const push = (type, time, payload, publication) =>
    events.push({
      id: String(events.length + 1),
      seq: String(events.length + 1),
      type,
      time,
      publication: String(publication),
      payload,
    });
  run.forEach(({ time, close }, i) => {
    push('price_update', time, { price: Number(close), bar_time: iso(time) }, 2 * i);
    for (const row of positions) {
      const said = (action, at, value) => ({
        strategy_code: 'TAPE',
        action,
        side: row.side,
        quantity: Number(row.quantity),
        price: Number(value),
        timestamp: iso(at),
        position_id: Number(row.id),
      });
      if (row.exitBar === time && row.entryBar !== time)
        push('position_change', row.exitTime, said('close', row.exitTime, row.exit), 2 * i + 1);
      if (row.entryBar === time)
        push('position_change', row.entryTime, said('open', row.entryTime, row.entry), 2 * i + 1);
      if (row.exitBar === time && row.entryBar === time)
        push('position_change', row.exitTime, said('close', row.exitTime, row.exit), 2 * i + 1);
    }
    for (const { id, code, message, time: at } of alerts)
      if (at === time + SLOT_MS) push('alert', at, { code, message, alert_id: Number(id) }, 2 * i + 1);
    const signal = signals[i];
    push(
      'signal_update',
      signal.stamp,
      {
        strategy_code: 'TAPE',
        signal: signal.signal,
        bar_time: iso(time),
        timestamp: iso(signal.stamp),
        size: signal.size && Number(signal.size),
        stop_loss: signal.stop && Number(signal.stop),
        take_profit: signal.target && Number(signal.target),
        reasoning: signal.reasoning,
        signal_id: Number(signal.id),
      },
      2 * i + 1,
    );
  });
  return events;
}

/** The streams and a follower that have everything. */
export function streamsOf({ events }) {
  const names = {
    signal_update: 'trading:signals',
    price_update: 'trading:prices',
    position_change: 'trading:positions',
    alert: 'trading:alerts',
  };
  const streams = Object.fromEntries(Object.values(names).map((name) => [name, []]));
  for (const { seq, type, payload } of events)
    streams[names[type]].push({ id: `${seq}-0`, seq, payload: JSON.stringify(payload) });
  return streams;
}
export const followerOf = ({ events }) => ({
  gaps: [],
  events: events.map(({ seq, type, payload }) => ({ seq: Number(seq), type, payload: structuredClone(payload) })),
});
