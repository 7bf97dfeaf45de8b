// Each committed change is an event once, the events are numbered without a gap and in the order of commits, and the streams
// and the follower have all of them, in that order.
import { iso } from './findings.mjs';

/** Wall microseconds between the moment that a commit is stamped and the moment that others can see it, at most. */
const UNSEEN_US = 5_000_000n;

/** `from`: open time of the run's first bar; what was loaded before wrote no events, or one for the whole load. */
export function checkEvents(record, from, findings) {
  const base = BigInt(record.world[0].base);
  const published = record.events.filter((event) => event.seq !== null);
  if (published.length < record.events.length)
    findings.add('event-unpublished', `${record.events.length - published.length} events have no seq`);
  published.forEach((event, i) => {
    const expected = (base + BigInt(i) + 1n).toString();
    if (event.seq !== expected && (i === 0 || BigInt(published[i - 1].seq) + 1n !== BigInt(event.seq)))
      findings.add('seq-gap', `seq ${event.seq} after ${i === 0 ? base : published[i - 1].seq}`);
  });

  const codes = new Map(record.strategies.map(({ id, code }) => [id, code]));
  const expected = new Map();
  const expect = (key, change) => expected.set(key, change);
  // of a doubled row the first: that it is doubled is another rule's finding
  const committed = new Map(record.equity.toReversed().map((row) => [`${row.strategy} ${row.time}`, row.committed]));
  for (const signal of record.signals)
    expect(`signal ${signal.id}`, {
      at: committed.get(`${signal.strategy} ${signal.time}`),
      strategy: signal.strategy,
      bar: signal.time,
      says: {
        strategy_code: codes.get(signal.strategy),
        signal: signal.signal,
        bar_time: iso(signal.time),
        timestamp: iso(signal.stamp),
        size: number(signal.size),
        stop_loss: number(signal.stop),
        take_profit: number(signal.target),
        reasoning: signal.reasoning,
      },
    });
  for (const row of record.positions) {
    const of = {
      strategy: row.strategy,
      says: { strategy_code: codes.get(row.strategy), side: row.side, quantity: number(row.quantity) },
    };
    const legs = [['open', row.entryBar, row.entry, row.entryTime]];
    if (row.status === 'closed') legs.push(['close', row.exitBar, row.exit, row.exitTime]);
    for (const [action, bar, price, time] of legs)
      expect(`${action} ${row.id}`, {
        ...of,
        at: committed.get(`${row.strategy} ${bar}`),
        bar,
        says: { ...of.says, action, price: number(price), timestamp: iso(time) },
      });
  }
  for (const bar of record.bars)
    if (bar.time >= from)
      expect(`bar ${bar.time}`, { at: bar.committed, bar: bar.time, says: { price: number(bar.close) } });
  for (const alert of record.alerts)
    expect(`alert ${alert.id}`, { says: { code: alert.code, message: alert.message } });

  const seen = new Map();
  for (const event of record.events) {
    const key = keyOf(event);
    const before = Date.parse(event.payload.bar_time ?? '') < from;
    if (event.type === 'price_update' && before) continue; // the load of the history
    const change = expected.get(key);
    if (!change) findings.add('event-unfounded', `${event.type} ${key}, seq ${event.seq}: no such row`);
    else if (seen.has(key)) findings.add('event-doubled', `${key}: seq ${seen.get(key).seq} and ${event.seq}`);
    else {
      seen.set(key, event);
      for (const [name, value] of Object.entries(change.says))
        findings.equal('event-payload', `${key} ${name}`, event.payload[name] ?? null, value);
    }
  }
  for (const key of expected.keys()) if (!seen.has(key)) findings.add('event-missing', key);
  checkOrder(expected, seen, findings);
}

function keyOf({ type, payload }) {
  if (type === 'signal_update') return `signal ${payload.signal_id}`;
  if (type === 'position_change') return `${payload.action} ${payload.position_id}`;
  if (type === 'price_update') return `bar ${Date.parse(payload.bar_time)}`;
  return `${type} ${payload.alert_id}`;
}

const number = (text) => (text === null ? null : Number(text));

/** Numbered in the order of commits; and a bar's price before its signals, a strategy's bars one after the other. */
function checkOrder(expected, seen, findings) {
  const told = [...seen]
    .filter(([, event]) => event.seq !== null)
    .map(([key, event]) => ({ key, event, seq: BigInt(event.seq), ...expected.get(key) }))
    .sort((a, b) => (a.seq < b.seq ? -1 : 1));
  let newest = null;
  const reached = new Map();
  for (const one of told) {
    if (one.strategy !== undefined) {
      const last = reached.get(one.strategy) ?? -Infinity;
      if (one.bar < last)
        findings.add('event-order', `${one.key} of ${iso(one.bar)} after one of ${iso(last)}, seq ${one.seq}`);
      reached.set(one.strategy, Math.max(last, one.bar));
      const cause = seen.get(`bar ${one.bar}`);
      if (cause && cause.seq !== null && BigInt(cause.seq) > one.seq)
        findings.add('event-order', `${one.key}, seq ${one.seq}, before the price of its bar, seq ${cause.seq}`);
    }
    if (one.at === undefined || one.at === null) continue;
    const at = BigInt(one.at);
    // what one publication numbers was visible to it: there the order is strict
    const strict = newest?.event.publication === one.event.publication;
    if (newest && at < BigInt(newest.at) - (strict ? 0n : UNSEEN_US))
      findings.add(
        'commit-order',
        `${one.key}, seq ${one.seq}, was committed ${BigInt(newest.at) - at} µs before ${newest.key}, seq ${newest.seq}`,
      );
    if (!newest || at > BigInt(newest.at) || !strict) newest = one;
  }
}

const TYPES = {
  'trading:signals': 'signal_update',
  'trading:prices': 'price_update',
  'trading:positions': 'position_change',
  'trading:alerts': 'alert',
};

/** Each stream has the published events of its type once, in order, with their payload. */
export function checkStreams(record, streams, findings) {
  for (const [name, type] of Object.entries(TYPES)) {
    const wanted = record.events.filter((event) => event.type === type && event.seq !== null);
    const entries = streams[name];
    const bySeq = new Map();
    let last = 0n;
    for (const entry of entries) {
      if (entry.seq === undefined) {
        findings.add('stream-unfounded', `${name} ${entry.id} has no seq`);
        continue;
      }
      if (bySeq.has(entry.seq)) findings.add('stream-doubled', `${name} seq ${entry.seq}`);
      if (BigInt(entry.seq) < last) findings.add('stream-order', `${name} seq ${entry.seq} after ${last}`);
      last = BigInt(entry.seq);
      bySeq.set(entry.seq, entry);
    }
    // a stream keeps about so many; what is older was trimmed
    const begin = entries.length >= 10_000 ? BigInt(entries.find((entry) => entry.seq !== undefined)?.seq ?? 0) : 0n;
    for (const event of wanted) {
      const entry = bySeq.get(event.seq);
      if (!entry) {
        if (BigInt(event.seq) >= begin) findings.add('stream-missing', `${name} seq ${event.seq}`);
      } else if (canonical(JSON.parse(entry.payload)) !== canonical(event.payload))
        findings.add('stream-payload', `${name} seq ${event.seq}`);
      bySeq.delete(event.seq);
    }
    for (const seq of bySeq.keys()) findings.add('stream-unfounded', `${name} seq ${seq}`);
  }
}

/** A client that resumes by `since` after each loss of the host has seen each event once. */
export function checkFollower(record, follower, findings) {
  for (const gap of follower.gaps) findings.add('follower-gap', gap);
  let last = null;
  for (const { seq } of follower.events) {
    if (last !== null && seq <= last) findings.add('follower-repeat', `seq ${seq} after ${last}`);
    else if (last !== null && seq !== last + 1) findings.add('follower-missing', `seq ${last + 1} to ${seq - 1}`);
    last = seq;
  }
  const bySeq = new Map(record.events.filter((event) => event.seq !== null).map((event) => [Number(event.seq), event]));
  for (const { seq, type, payload } of follower.events) {
    const event = bySeq.get(seq);
    if (!event) findings.add('follower-unfounded', `seq ${seq} is not stored`);
    else if (event.type !== type || canonical({ ...event.payload, type, seq }) !== canonical({ ...payload, type, seq }))
      findings.add('follower-payload', `seq ${seq}`);
  }
  const newest = Math.max(...bySeq.keys());
  if (bySeq.size > 0 && last !== newest) findings.add('follower-missing', `seq ${last} to ${newest}`);
}

/** JSON with sorted keys. */
export function canonical(value) {
  return JSON.stringify(value, (_, part) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
