import {
  compileFeatures,
  createSeriesTable,
  DEFAULT_RULES,
  defaultFeatures,
  defineStrategy,
  openBook,
  openMarket,
  replay,
  seatAll,
  type Bar,
  type Calendar,
  type Instrument,
  type Opinion,
  type Trade,
} from '@signalbox/core';

export const BASELINES = ['flat', 'hold_long', 'random'] as const;
export type BaselineName = (typeof BASELINES)[number];

/** What a baseline's account did over the window. */
export interface BaselineRun {
  readonly name: BaselineName;
  /** Equity at each bar, oldest first. */
  readonly marks: readonly { readonly barTime: number; readonly equity: number; readonly drawdownPct: number }[];
  readonly trades: readonly Trade[];
  readonly open: number;
}

export interface BaselineInput {
  readonly instrument: Instrument;
  readonly calendar: Calendar;
  /** Oldest first; those before `from` only warm volatility, on which costs and distances depend. */
  readonly bars: readonly Bar[];
  readonly from: number;
  readonly initialEquity: number;
  /** Entries that `random` shall take. */
  readonly turnover: number;
}

/** Bars before a window after which volatility, its rank and the costs are those of the whole history: 1,200 ranks of an ATR that has settled. */
export const BASELINE_WARM_UP = 1_500;
const CALIBRATIONS = 6;

/** Flat, always long, and random with the given number of entries, each through the pipeline's own step and book. */
export async function runBaselines(input: BaselineInput): Promise<BaselineRun[]> {
  const bars = input.bars.filter((bar) => input.calendar.slot(bar.time));
  const run = (name: BaselineName, rate = 0): Promise<BaselineRun> => runOne(name, { ...input, bars }, rate);
  const flat = await run('flat');
  const long = await run('hold_long');
  return [flat, long, await calibrated(input.turnover, flat.marks.length, (rate) => run('random', rate))];
}

/** A held position takes no entry, so the rate that gives the wanted number of entries is found by trying. */
async function calibrated(
  wanted: number,
  bars: number,
  run: (rate: number) => Promise<BaselineRun>,
): Promise<BaselineRun> {
  const entries = ({ trades, open }: BaselineRun): number => trades.length + open;
  let rate = bars === 0 ? 0 : Math.min(1, wanted / bars);
  let best = await run(rate);
  for (let i = 1; i < CALIBRATIONS && entries(best) !== wanted && rate > 0 && rate < 1; i++) {
    rate = Math.min(1, rate * (wanted / Math.max(1, entries(best))));
    const next = await run(rate);
    if (Math.abs(entries(next) - wanted) < Math.abs(entries(best) - wanted)) best = next;
    else break;
  }
  return best;
}

async function runOne(name: BaselineName, input: BaselineInput, rate: number): Promise<BaselineRun> {
  const { instrument, calendar, bars, from, initialEquity } = input;
  const config = defaultFeatures();
  const features = compileFeatures(config, calendar);
  const definition = defineStrategy({
    code: 'BASELINE',
    name,
    type: 'RL',
    apiVersion: 1,
    features: [],
    config: { type: 'object', properties: {}, additionalProperties: false },
    create: async () => ({ onBar: () => ({ signal: 'flat', reasoning: name }) as const }),
  });
  const seats = seatAll([definition], features.names, () => ({}));
  const book = openBook(initialEquity);
  const marks: { barTime: number; equity: number; drawdownPct: number }[] = [];
  const trades: Trade[] = [];
  const fees = new Map<number, number>();
  await replay({
    stages: { instrument, calendar, rules: DEFAULT_RULES, seats },
    state: {
      market: openMarket(features, createSeriesTable(config, calendar), calendar),
      books: new Map([['BASELINE', book]]),
    },
    bars,
    from,
    ask: (_, { bar }) => opinionOf(name, bar.time, rate),
    onStep(_, [part]) {
      for (const fill of part!.fills) {
        if (fill.action === 'open') fees.set(fill.entryTime, fill.fee);
        else {
          trades.push({
            realizedPnl: fill.realizedPnl ?? 0,
            // cents: sums of fees are exact to them
            fees: Math.round(((fees.get(fill.entryTime) ?? 0) + fill.fee) * 100) / 100,
            entryTime: fill.entryTime,
            exitTime: fill.time,
          });
          fees.delete(fill.entryTime);
        }
      }
      const { equity, currentDrawdownPct } = part!.mark;
      marks.push({ barTime: part!.barTime, equity, drawdownPct: currentDrawdownPct });
    },
    // others get their turn
    onProgress: () => new Promise<void>((resolve) => setImmediate(resolve)),
  });
  return { name, marks, trades, open: fees.size };
}

function opinionOf(name: BaselineName, time: number, rate: number): Opinion {
  if (name === 'hold_long') return { signal: 'long', confidence: 1, reasoning: 'always long' };
  const draw = name === 'random' ? uniform(time) : 1;
  if (draw >= rate) return { signal: 'flat', reasoning: name };
  return { signal: draw < rate / 2 ? 'long' : 'short', confidence: 1, reasoning: 'drawn' };
}

/** A number in [0, 1) that looks random and belongs to the bar: the same at every request. */
function uniform(time: number): number {
  let x = Math.imul((time / 60_000) | 0, 0x9e37_79b1);
  x = Math.imul(x ^ (x >>> 15), 0x85eb_ca77);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae3d);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}
