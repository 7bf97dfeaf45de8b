// Each active strategy has decided on each bar of the run exactly once, and the book that follows from its signals is the stored one.
import { replayBook } from './book.mjs';
import { money, price, quantity, size, text, units } from './exact.mjs';
import { iso } from './findings.mjs';
import { observe, slotOf } from './market.mjs';

const SLOT_MS = 300_000;

/** `record` of `readRecord`; `from`: open time of the run's first bar. */
export function checkDecisions(record, from, findings) {
  const run = record.bars.filter((bar) => bar.time >= from);
  const before = record.bars.filter((bar) => bar.time < from).at(-1);
  record.bars.forEach((bar, i) => {
    const { index } = slotOf(bar.time);
    const last = i === 0 ? null : slotOf(record.bars[i - 1].time).index;
    if (last !== null && index !== (last + 1) % 60) findings.add('bars', `a slot before ${iso(bar.time)} has no bar`);
  });

  const cycles = new Map(record.cycles.map((row) => [row.time, row]));
  for (const bar of run) {
    const cycle = cycles.get(bar.time);
    if (!cycle) findings.add('cycles', `${iso(bar.time)} has no cycle`);
    else if (cycle.status !== 'done' || cycle.mode !== 'live')
      findings.add('cycles', `${iso(bar.time)} is ${cycle.status} ${cycle.mode}`);
  }
  if (cycles.size > run.length) findings.add('cycles', `${cycles.size} cycles for ${run.length} bars`);

  const market = observe(record.bars);
  for (const strategy of record.strategies) {
    const own = (rows) => rows.filter((row) => row.strategy === strategy.id);
    const signals = own(record.signals);
    const none = own(record.none);
    const equity = own(record.equity);
    once(strategy, run, [...signals, ...none], equity, findings);
    checkBook(strategy, run, market, before.time, { signals, equity, record, own }, findings);
  }
}

function once({ code }, run, decisions, equity, findings) {
  const said = countBy(decisions);
  const marked = countBy(equity);
  const due = new Set(run.map((bar) => bar.time));
  for (const time of due) {
    const [n, m] = [said.get(time) ?? 0, marked.get(time) ?? 0];
    if (n === 0) findings.add('decision-missing', `${code} ${iso(time)}`);
    if (n > 1) findings.add('decision-doubled', `${code} ${iso(time)}: ${n} decisions`);
    if (m === 0) findings.add('equity-missing', `${code} ${iso(time)}`);
    if (m > 1) findings.add('equity-doubled', `${code} ${iso(time)}: ${m} rows`);
  }
  for (const row of [...decisions, ...equity]) {
    if (!due.has(row.time)) findings.add('decision-unasked', `${code} ${iso(row.time)}: no bar of the run`);
    if (row.stamp !== row.time + SLOT_MS)
      findings.add('decision-stamp', `${code} ${iso(row.time)}: stamped ${iso(row.stamp)}`);
    if (row.mode !== undefined && row.mode !== 'live')
      findings.add('decision-mode', `${code} ${iso(row.time)}: ${row.mode}`);
  }
}

function countBy(rows) {
  const counts = new Map();
  for (const { time } of rows) counts.set(time, (counts.get(time) ?? 0) + 1);
  return counts;
}

function checkBook(strategy, run, market, barBefore, { signals, equity, record, own }, findings) {
  const { code } = strategy;
  // of a doubled decision the first: that it is doubled is said already
  const byTime = new Map([...signals].reverse().map((signal) => [signal.time, signal]));
  const expected = replayBook(money(strategy.initial), run, byTime, market, barBefore);

  const marks = new Map([...equity].reverse().map((row) => [row.time, row]));
  for (const mark of expected.marks) {
    const row = marks.get(mark.time);
    if (!row) continue;
    const at = `${code} ${iso(mark.time)}`;
    const same = (name, found, value, decimals) =>
      findings.equal(`equity-${name}`, at, text(found, decimals), text(value, decimals));
    same('value', money(row.equity), mark.equity, 2);
    same('unrealized', money(row.unrealized), mark.unrealized, 2);
    same('return', units(row.returnPct, 4), mark.returnPct, 4);
    same('drawdown', units(row.drawdownPct, 4), mark.drawdownPct, 4);
  }

  const stored = own(record.positions);
  if (stored.length !== expected.positions.length)
    findings.add('positions', `${code}: ${stored.length} positions, expected ${expected.positions.length}`);
  expected.positions.forEach((want, i) => {
    const row = stored[i];
    if (!row) return;
    const at = `${code} position of ${iso(want.entryTime)}`;
    const open = want.exitTime === undefined;
    const pairs = [
      ['side', row.side, want.side],
      ['quantity', text(quantity(row.quantity), 6), text(want.quantity, 6)],
      ['size', text(size(row.size), 4), text(want.size, 4)],
      ['entry', text(price(row.entry), 6), text(want.entry, 6)],
      ['entry-time', iso(row.entryTime), iso(want.entryTime)],
      ['entry-bar', iso(row.entryBar), iso(want.entryBar)],
      ['signal-bar', iso(row.signalBar), iso(want.signalBar)],
      ['stop', text(price(row.stop), 6), text(want.stop, 6)],
      ['target', text(price(row.target), 6), text(want.target, 6)],
      ['fees', text(money(row.fees), 2), text(want.fees, 2)],
      ['status', row.status, open ? 'open' : 'closed'],
      ['exit', text(price(row.exit), 6), open ? 'null' : text(want.exit, 6)],
      ['exit-time', iso(row.exitTime), open ? 'null' : iso(want.exitTime)],
      ['exit-bar', iso(row.exitBar), open ? 'null' : iso(want.exitBar)],
      ['reason', row.reason, open ? null : want.reason],
      ['realized', text(money(row.realized), 2), open ? 'null' : text(want.realized, 2)],
      ['unrealized', text(money(row.unrealized), 2), text(open ? want.unrealized : 0n, 2)],
    ];
    for (const [name, found, value] of pairs) findings.equal(`position-${name}`, at, found, value);
  });

  for (const signal of signals) {
    const refused = expected.refusals.get(signal.time) ?? null;
    findings.equal('not-traded', `${code} ${iso(signal.time)}`, signal.notTraded, refused);
  }

  const told = own(record.alerts)
    .filter(({ code: name }) => name.startsWith('RISK_'))
    .map((row) => `${row.code} ${iso(row.time)}`);
  findings.equal(
    'alerts',
    code,
    told.sort().join(),
    expected.alerts
      .map((a) => `${a.code} ${iso(a.time)}`)
      .sort()
      .join(),
  );
  checkState(strategy, run, expected, own(record.states), findings);
}

/** The book from which a restart goes on is the one that the facts lead to. */
function checkState({ code }, run, { book }, states, findings) {
  if (states.length !== 1) return findings.add('state', `${code}: ${states.length} stored states`);
  const [state] = states;
  const stored = JSON.parse(state.book);
  findings.equal('state', `${code}: stands at`, iso(state.time), iso(run.at(-1).time));
  findings.equal('state', `${code}: cash`, text(money(stored.cash.toFixed(2)), 2), text(book.cash, 2));
  findings.equal('state', `${code}: equity`, text(money(stored.equity.toFixed(2)), 2), text(book.equity, 2));
  findings.equal('state', `${code}: position`, stored.position?.side ?? null, book.position?.side ?? null);
}
