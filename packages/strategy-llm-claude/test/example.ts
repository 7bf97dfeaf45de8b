import { readFileSync } from 'node:fs';
import {
  compileFeatures,
  computeFeatures,
  createCalendar,
  createSeriesTable,
  defaultFeatures,
  FLAT,
  USDCOP_CALENDAR,
  type AnyView,
} from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { FEATURES } from '../src/prompt.js';
import { answer, type SeenRequest, type Turn } from './messages-server.js';

export const EXAMPLE = new URL('../recordings/example.jsonl', import.meta.url);
/** Names the script, no model: nobody shall take its answers for Claude's. */
export const EXAMPLE_MODEL = 'scripted-example';

/** The last session of a small simulated world, as a strategy sees it. */
export function exampleViews(): AnyView[] {
  const calendar = createCalendar(USDCOP_CALENDAR);
  const config = defaultFeatures();
  const plan = compileFeatures(config, calendar);
  const sessions = createSimulator({ seed: 1, calendar, edge: 0, firstSession: '2026-08-03' }).sessions(12);
  const series = createSeriesTable(config, calendar);
  for (const { date, values } of sessions.flatMap(({ macro }) => macro))
    for (const [name, value] of Object.entries(values)) if (series.has(name)) series.add(name, date, value);
  const bars = sessions.flatMap((session) => session.bars);
  const table = computeFeatures(plan, series, bars);
  const first = bars.length - sessions.at(-1)!.bars.length;
  return bars.slice(first).map((bar, i) => {
    const row = table.values.subarray((first + i) * table.names.length, (first + i + 1) * table.names.length);
    const values = FEATURES.map((name) => row[table.names.indexOf(name)]!);
    const features = Object.fromEntries(FEATURES.map((name, f) => [name, values[f]!]));
    return { bar, features, vector: Float64Array.from(values), position: FLAT, opinions: {} };
  });
}

/** The script: against a far rsi_9, flat in its middle. A rule to show the path, no view; the token counts are scripted too. */
export function scripted(request: SeenRequest): Turn {
  const { content } = (request.body['messages'] as { content: string }[])[0]!;
  const data = JSON.parse(content.split('\n').slice(1, -1).join('\n')) as { features: { rsi_9: number | null } };
  const { rsi_9 } = data.features;
  const direction = rsi_9 === null || Math.abs(rsi_9 - 0.5) < 0.15 ? 'flat' : rsi_9 < 0.5 ? 'long' : 'short';
  const reasoning = `Scripted example answer of a test server, no view of any market: rsi_9 is ${rsi_9}.`;
  return answer({ direction, confidence: direction === 'flat' ? 0.5 : 0.6, reasoning });
}

export const exampleText = (): string => readFileSync(EXAMPLE, 'utf8');
