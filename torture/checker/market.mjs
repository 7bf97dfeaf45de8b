// What a fill costs and which prices are suspect, from the stored bars alone; by the specification's section 6 and 9.

const SLOT_MS = 300_000;
const BOGOTA_MS = 5 * 3_600_000;
const OPENS_MS = 8 * 3_600_000;
const SLOTS = 60;

/** Session date, index of the slot in it, and whether it is the last one. Bogota has no summer time. */
export function slotOf(time) {
  const local = time - BOGOTA_MS;
  const midnight = Math.floor(local / 86_400_000) * 86_400_000;
  const index = (local - midnight - OPENS_MS) / SLOT_MS;
  if (!Number.isInteger(index) || index < 0 || index >= SLOTS)
    throw new RangeError(`no slot of USD/COP at ${new Date(time).toISOString()}`);
  return { session: new Date(midnight).toISOString().slice(0, 10), index, last: index === SLOTS - 1 };
}

const RANK_WINDOW = 1200;
const RANK_MINIMUM = 240;
const STABLE_AFTER = 150;
const DEAREST = 255n;

/**
 * For each bar, in order: `fillCost` in tenths of a basis point of a fill that falls into the *next* bar, and `suspect`.
 * Bars as stored, prices as text, without absent slots (the caller makes sure).
 */
export function observe(bars) {
  const seen = new Map();
  const shares = []; // of ATR14 in the close; NaN where there is none
  const moves = [];
  let average = 0;
  let refusing = 0;
  bars.forEach((bar, i) => {
    const [high, low, close] = [Number(bar.high), Number(bar.low), Number(bar.close)];
    const before = i === 0 ? NaN : Number(bars[i - 1].close);
    if (i > 0) {
      const range = Math.max(high - low, Math.abs(high - before), Math.abs(low - before));
      if (i <= 14) average += range / 14;
      else average = (average * 13 + range) / 14;
    }
    const share = i < STABLE_AFTER ? NaN : average / close;
    const past = shares.slice(-RANK_WINDOW).filter((value) => !Number.isNaN(value));
    const rank =
      Number.isNaN(share) || past.length < RANK_MINIMUM ? NaN : past.filter((v) => v < share).length / past.length;
    shares.push(share);
    const fillCost = Number.isNaN(rank) ? DEAREST : rank < 0.7 ? 100n : rank < 0.9 ? 170n : DEAREST;

    if (refusing > 0) refusing--;
    if (i > 0) {
      const move = Math.abs(Math.log(close / before));
      if (move > 0.01 && moves.length > 0 && move > 8 * median(moves.slice(-240))) refusing = 3;
      moves.push(move);
    }
    seen.set(bar.time, { fillCost, suspect: refusing > 0 });
  });
  return seen;
}

function median(values) {
  const sorted = values.sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
