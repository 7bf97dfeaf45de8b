import type { FeaturePlan } from '../features/engine.js';
import type { SeriesTable } from '../features/series.js';
import type { SymbolBars } from '../features/symbol-bars.js';
import type { Bar } from '../market/bar.js';
import type { Calendar } from '../market/calendar.js';
import type { Instrument } from '../market/instrument.js';

/** What a training works on. Everything is given; a trainer reads no file, clock or network. */
export interface TrainingRequest {
  readonly instrument: Instrument;
  readonly calendar: Calendar;
  readonly features: FeaturePlan;
  readonly series: SeriesTable;
  /** Accepted bars from the symbol's first on, in order of time. */
  readonly bars: readonly Bar[];
  /** Bars of other symbols that features read; needed where `features.symbols` names some. */
  readonly others?: SymbolBars;
  readonly world: 'market' | 'simulated';
  /** Where the bars come from, for the manifest. */
  readonly source: Readonly<Record<string, string | number>>;
  readonly seed: number;
  /** The trainer's own options by name; what is left out has its default. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Of an AbortController. */
  readonly signal?: { throwIfAborted(): void };
  /** A checkpoint of the same training. */
  readonly resume?: Uint8Array;
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** Gets a checkpoint after each round; the next round waits for it. */
  readonly onCheckpoint?: (bytes: Uint8Array) => Promise<void>;
}

export interface TrainingProgress {
  readonly done: number;
  readonly total: number;
  /** Where the training stands, in a few words. */
  readonly text: string;
}

export interface TrainingResult {
  readonly model: Uint8Array;
  /** JSON: what stands beside the model. */
  readonly manifest: object;
  /** What was measured on sessions that were held back. */
  readonly metrics: object;
  /** The same for people. */
  readonly summary: string;
}

/** Default export of the subpath that a strategy's package.json names under `"signalbox": {"train": "./train"}`. */
export interface Trainer {
  readonly code: string;
  /** Ending of the model's file without the dot, `onnx`: known before the training, so that a wrong name is refused before it. */
  readonly extension: string;
  train(request: TrainingRequest): Promise<TrainingResult>;
}
