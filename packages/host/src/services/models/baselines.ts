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
  playBaselines,
  type Bar,
  type BaselineAct,
  type BaselineName,
  type Calendar,
  type Instrument,
  type Trade,
} from '@signalbox/core';

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

/** Flat, always long, and random with the given number of entries, each through the pipeline's own step and book. */
export async function runBaselines(input: BaselineInput): Promise<BaselineRun[]> {
  const bars = input.bars.filter((bar) => input.calendar.slot(bar.time));
  const { flat, hold_long, random } = await playBaselines<BaselineRun>({
    turnover: input.turnover,
    bars: bars.filter(({ time }) => time >= input.from).length,
    play: (name, act) => runOne(name, { ...input, bars }, act),
    entries: ({ trades, open }) => trades.length + open,
  });
  return [flat, hold_long, random];
}

async function runOne(name: BaselineName, input: BaselineInput, act: BaselineAct): Promise<BaselineRun> {
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
    ask: (_, { bar }) => act(bar.time),
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
