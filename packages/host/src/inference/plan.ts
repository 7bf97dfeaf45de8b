import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import {
  CALENDARS,
  checkInstrument,
  compileFeatures,
  createCalendar,
  createSeriesTable,
  featureConfigSchema,
  isSignalboxError,
  parseFeatureConfig,
  SignalboxError,
  type Calendar,
  type FeatureConfig,
  type FeaturePlan,
  type Instrument,
  type SeriesTable,
  type Transforms,
  type ValidateConfig,
} from '@signalbox/core';

/** What is computed for one instrument, and when: the same for live run, backtest and export. */
export interface Plan {
  readonly instrument: Instrument;
  readonly calendar: Calendar;
  readonly config: FeatureConfig;
  readonly features: FeaturePlan;
  /** SHA-256 of the whole feature set, in order. */
  readonly featureHash: string;
  /** An empty table for the series that the feature file reads. */
  series(): SeriesTable;
}

/**
 * Reads the feature file (`null`: the one that core brings) and compiles it for the instrument's calendar.
 * `transforms`: those that its chains may name, where plugins bring some. Throws FEATURE_CONFIG_INVALID, CALENDAR_UNKNOWN, CONFIG_INVALID, INPUT_NOT_FOUND.
 */
export function openPlan(instrument: Instrument, featureFile: string | null, transforms?: Transforms): Plan {
  checkInstrument(instrument);
  const data = CALENDARS[instrument.calendar];
  if (!data) {
    throw new SignalboxError(
      'CALENDAR_UNKNOWN',
      `The instrument ${instrument.symbol} names the calendar "${instrument.calendar}", which does not exist.`,
      `Known calendars: ${Object.keys(CALENDARS).join(', ')}.`,
    );
  }
  const calendar = createCalendar(data);
  const config = parseFile(featureFile, transforms);
  const features = compileFeatures(config, calendar);
  const featureHash = createHash('sha256')
    .update(JSON.stringify(features.names.map((name) => [name, features.hashes[name]])))
    .digest('hex');
  return { instrument, calendar, config, features, featureHash, series: () => createSeriesTable(config, calendar) };
}

function parseFile(path: string | null, transforms?: Transforms): FeatureConfig {
  const json = readFeatureFile(path);
  try {
    return parseFeatureConfig(json, validatorOf(transforms), transforms);
  } catch (error) {
    if (path === null || !isSignalboxError(error)) throw error;
    throw new SignalboxError(error.code, `${path}: ${error.message}`, error.remedy, { cause: error });
  }
}

function readFeatureFile(path: string | null): unknown {
  const file = path ?? createRequire(import.meta.url).resolve('@signalbox/core/feature_config.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new SignalboxError(
      'INPUT_NOT_FOUND',
      `Cannot read the feature file ${file}.`,
      'Correct "features" in signalbox.config.json, or SIGNALBOX_FEATURES.',
      { cause },
    );
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SignalboxError(
      'FEATURE_CONFIG_INVALID',
      `${file} is not JSON: ${(cause as Error).message}`,
      'Correct the file at that place.',
      { cause },
    );
  }
}

const validatorOf =
  (transforms?: Transforms): ValidateConfig =>
  (json) => {
    const check = new Ajv({ allErrors: true, strict: false }).compile(featureConfigSchema(transforms));
    if (check(json)) return [];
    return (check.errors ?? []).map((e) => ({
      path: e.instancePath.replace(/^\//, '').replaceAll('/', '.'),
      message: e.message ?? e.keyword,
    }));
  };
