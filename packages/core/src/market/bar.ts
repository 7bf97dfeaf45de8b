/**
 * One OHLCV interval of one symbol. `time` is the bar's **open** time, in epoch milliseconds UTC. The bar is complete at
 * `time + calendar.slotMs`; nothing uses it earlier. Prices are quote currency per unit of base, 6 decimals.
 */
export interface Bar {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}
