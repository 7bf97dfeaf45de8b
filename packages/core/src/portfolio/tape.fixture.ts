import type { Bar } from '../market/bar.js';
import { USD_COP } from '../market/instrument.js';
import type { Slot } from '../market/slot.js';
import type { NotTraded, Signal } from '../signals/signal.js';
import { openBook, place, settle } from './book.js';
import { DEFAULT_RULES, type Book, type Fill, type RiskLimits, type Settlement } from './types.js';

export const SLOT_MS = 300_000;
export const HOUR = 12 * SLOT_MS;
/** Tuesday 2 June 2026, 08:00 in Bogota. */
export const START = Date.UTC(2026, 5, 2, 13, 0);
const SLOTS = 60;
const DAY = 24 * HOUR;

type Prices = { open?: number; high?: number; low?: number; close?: number; fillCostBps?: number };
type Order = {
  stopDistance?: number;
  targetDistance?: number;
  quantity?: number;
  size?: number;
  notTraded?: NotTraded | null;
};

/** A tape of bars around 4,000 and a book that trades on it: 10,000 USD, 10 bp a fill, 60 slots a session. */
export class Tape {
  book: Book = openBook(10_000);
  readonly settlements: Settlement[] = [];
  private ordinal = 0;
  private current: Bar | undefined;
  private readonly rules: typeof DEFAULT_RULES;

  constructor(changes: { exitAtSessionEnd?: boolean; limits?: Partial<RiskLimits> } = {}) {
    this.rules = {
      exitAtSessionEnd: changes.exitAtSessionEnd ?? true,
      limits: { ...DEFAULT_RULES.limits, ...changes.limits },
    };
  }

  /** The next bar lies in this slot; 60 is the first of the second session. */
  slot(ordinal: number): this {
    this.ordinal = ordinal;
    return this;
  }

  bar({
    open = 4000,
    close = open,
    high = Math.max(open, close),
    low = Math.min(open, close),
    fillCostBps = 10,
  }: Prices = {}): this {
    const time = START + Math.floor(this.ordinal / SLOTS) * DAY + (this.ordinal % SLOTS) * SLOT_MS;
    this.current = { time, open, high, low, close, volume: 0 };
    this.ordinal++;
    this.settle(fillCostBps);
    return this;
  }

  /** Settles the last bar once more. */
  again(): void {
    this.settle(10);
  }

  /** Gives a signal at the close of the last bar. */
  say(signal: Signal['signal'] | 'none', order: Order = {}): this {
    if (signal !== 'none') place(this.book, this.signal(signal, order), this.currentSlot);
    return this;
  }

  signal(signal: Signal['signal'], order: Order = {}): Signal {
    const { time, close } = this.current!;
    const { stopDistance = 100, targetDistance = 200, quantity = 2000, size = 0.2, notTraded = null } = order;
    const directed = signal === 'long' || signal === 'short';
    const up = signal === 'long' ? 1 : -1;
    return {
      kind: 'signal',
      strategy: 'TEST',
      barTime: time,
      timestamp: time + SLOT_MS,
      signal,
      side: directed ? (up === 1 ? 'buy' : 'sell') : 'hold',
      confidence: 0.8,
      score: directed ? up * 0.8 : null,
      size: directed ? size : null,
      quantity: directed ? quantity : null,
      entryPrice: close,
      stopLoss: directed ? close - up * stopDistance : null,
      takeProfit: directed ? close + up * targetDistance : null,
      riskUsd: null,
      roundTripCostBps: null,
      breakevenHitRate: null,
      reasoning: 'test',
      notTraded,
    };
  }

  get last(): Settlement {
    return this.settlements.at(-1)!;
  }

  /** Open time of the last bar. */
  get time(): number {
    return this.current!.time;
  }

  get fills(): Fill[] {
    return this.settlements.flatMap((settlement) => settlement.fills);
  }

  get alerts(): string[] {
    return this.settlements.flatMap((settlement) => settlement.alerts.map((alert) => alert.code));
  }

  get currentSlot(): Slot {
    const ordinal = this.ordinal - 1;
    const index = ordinal % SLOTS;
    return { session: `session ${Math.floor(ordinal / SLOTS)}`, index, ordinal, last: index === SLOTS - 1 };
  }

  private settle(fillCostBps: number): void {
    const context = { instrument: USD_COP, rules: this.rules, slot: this.currentSlot, fillCostBps, slotMs: SLOT_MS };
    this.settlements.push(settle(this.book, this.current!, context));
  }
}
