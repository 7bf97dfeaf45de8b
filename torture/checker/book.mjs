// The paper book once more, from stored signals and bars, in whole cents: what must stand in positions, equity and refusals.
// Written from the specification's section 6; it shares nothing with the engine.
import { changePct, fee, price, profit, ratio, size } from './exact.mjs';
import { slotOf } from './market.mjs';

const SLOT_MS = 300_000;
const MAX_ENTRIES = 20;
const PAUSE_MS = 30 * 60_000;

/**
 * @param {bigint} initial cents
 * @param {{time: number}[]} bars those of the run, in order, prices as text
 * @param {Map<number, object>} signals the strategy's stored signal by bar time
 * @param {Map<number, {fillCost: bigint, suspect: boolean}>} market of `observe`
 * @param {number} barBefore time of the stored bar before the first of `bars`
 */
export function replayBook(initial, bars, signals, market, barBefore) {
  const book = { cash: initial, equity: initial, peak: initial, allTimePeak: initial, position: null };
  let pending = null;
  let session = null;
  let sessionStart = initial;
  let entries = 0;
  let losses = 0;
  let pauseUntil = -Infinity;
  let drawdownHalt = false;
  let sessionHalt = false;
  const positions = [];
  const marks = [];
  const refusals = new Map();
  const alerts = [];
  let cost = market.get(barBefore).fillCost;

  const close = (at, time, reason, bar) => {
    const { position } = book;
    const paid = fee(position.quantity, cost);
    const realized = profit(position.side, position.quantity, position.entry, at);
    book.cash += realized - paid;
    const net = realized - position.fees - paid;
    Object.assign(position, {
      exit: at,
      exitTime: time,
      exitBar: bar.time,
      realized,
      fees: position.fees + paid,
      reason,
    });
    book.position = null;
    if (net > 0n) losses = 0;
    if (net < 0n && ++losses === 3) {
      losses = 0;
      pauseUntil = time + PAUSE_MS;
      alerts.push({ code: 'RISK_PAUSE', time: bar.time + SLOT_MS });
    }
  };

  for (const bar of bars) {
    const [open, high, low, last] = [price(bar.open), price(bar.high), price(bar.low), price(bar.close)];
    const slot = slotOf(bar.time);
    const completed = bar.time + SLOT_MS;
    if (slot.session !== session) {
      session = slot.session;
      sessionStart = book.equity;
      entries = 0;
      sessionHalt = false;
      if (book.position) close(open, bar.time, 'session_end', bar);
    }

    if (pending) {
      const { exit, entry, slot: asked, barTime } = pending;
      pending = null;
      if (exit && book.position) close(open, bar.time, exit, bar);
      if (entry) {
        const refused = refusal(entry, asked);
        if (refused) refusals.set(barTime, refused);
        else {
          const paid = fee(entry.quantity, cost);
          book.cash -= paid;
          book.position = {
            ...entry,
            entry: open,
            entryTime: bar.time,
            entryBar: bar.time,
            fees: paid,
            signalBar: barTime,
          };
          positions.push(book.position);
          if (++entries === MAX_ENTRIES) alerts.push({ code: 'RISK_MAX_TRADES', time: completed });
        }
      }
    }
    function refusal(entry, asked) {
      const up = entry.side === 'long';
      if (asked.last || slot.last) return 'last_bar';
      if (asked.session !== slot.session) return 'next_session';
      if (up ? open <= entry.stop : open >= entry.stop) return 'beyond_stop';
      if (up ? open >= entry.target : open <= entry.target) return 'beyond_target';
      if (entry.own === 'cost_exceeds_target' || entry.own === 'no_size') return entry.own;
      if (drawdownHalt) return 'drawdown';
      if (sessionHalt) return 'session_loss';
      if (entries >= MAX_ENTRIES) return 'max_trades';
      if (bar.time < pauseUntil) return 'pause';
      return entry.own;
    }

    if (book.position) {
      const { side, stop, target } = book.position;
      const up = side === 'long';
      if (up ? open <= stop : open >= stop) close(open, bar.time, 'stop_loss', bar);
      else if (up ? open >= target : open <= target) close(open, bar.time, 'take_profit', bar);
      else if (up ? low <= stop : high >= stop) close(stop, completed, 'stop_loss', bar);
      else if (up ? high >= target : low <= target) close(target, completed, 'take_profit', bar);
      else if (slot.last) close(last, completed, 'session_end', bar);
    }

    const { position } = book;
    const unrealized = position ? profit(position.side, position.quantity, position.entry, last) : 0n;
    if (position) position.unrealized = unrealized;
    book.equity = book.cash + unrealized;
    if (book.equity > book.peak) book.peak = book.equity;
    if (book.equity > book.allTimePeak) book.allTimePeak = book.equity;
    marks.push({
      time: bar.time,
      equity: book.equity,
      unrealized,
      returnPct: changePct(book.equity, initial),
      drawdownPct: ratio((book.allTimePeak - book.equity) * 1_000_000n, book.allTimePeak),
    });
    if (!drawdownHalt && 100n * (book.peak - book.equity) >= 15n * book.peak) {
      drawdownHalt = true;
      alerts.push({ code: 'RISK_DRAWDOWN', time: completed });
    }
    if (!sessionHalt && 100n * (sessionStart - book.equity) >= 5n * sessionStart) {
      sessionHalt = true;
      alerts.push({ code: 'RISK_SESSION_LOSS', time: completed });
    }

    cost = market.get(bar.time).fillCost;
    const signal = signals.get(bar.time);
    if (!signal) continue;
    const entering = signal.signal === 'long' || signal.signal === 'short';
    let entry = null;
    if (entering) {
      const units4 = size(signal.size);
      const quantity = book.equity > 0n ? units4 * book.equity : 0n;
      const own = slot.last
        ? 'last_bar'
        : Number(signal.breakeven) >= 1
          ? 'cost_exceeds_target'
          : quantity === 0n
            ? 'no_size'
            : market.get(bar.time).suspect
              ? 'suspect_price'
              : signal.mode === 'catch_up'
                ? 'too_old'
                : null;
      if (own) refusals.set(bar.time, own);
      entry = {
        side: signal.signal,
        size: units4,
        quantity,
        stop: price(signal.stop),
        target: price(signal.target),
        own,
      };
    }
    const held = book.position?.side ?? null;
    if (signal.signal === 'flat' || signal.signal === held || (!entering && !held)) continue;
    pending = { exit: held ? (entering ? 'flip' : 'signal') : null, entry, slot, barTime: bar.time };
  }
  return { book, positions, marks, refusals, alerts };
}
