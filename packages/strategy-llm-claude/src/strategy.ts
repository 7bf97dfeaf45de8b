import { defineStrategy, StrategyUnavailable } from '@signalbox/core';
import { openApi } from './api.js';
import { Budget } from './budget.js';
import { CONFIG, settingsOf, type Settings } from './config.js';
import { Decisions } from './decisions.js';
import { FEATURES } from './prompt.js';
import { openRecording } from './recording.js';
import { Standing } from './standing.js';
import { STATE } from './state.js';

const KEY = 'ANTHROPIC_API_KEY';

/**
 * Asks Claude for a direction. Live it asks the API, within the bar's deadline and the day's budget; from a recording it answers what
 * was recorded for the very same prompt, and only so in a backtest. Whatever fails is `none` with its reason, never a made-up signal.
 */
export const llmClaude = defineStrategy({
  code: 'LLM_CLAUDE',
  name: 'Claude',
  type: 'LLM',
  apiVersion: 1,
  features: FEATURES,
  config: CONFIG,
  state: STATE,
  // raw parameters may not have been checked yet
  metered: (config) => (config as { mode?: unknown } | null)?.mode !== 'replay',
  async create({ config, instrument, saved, log }) {
    const settings = settingsOf(config);
    const { mode, model } = settings;
    const env = (globalThis as { process?: { env?: Readonly<Record<string, string | undefined>> } }).process?.env ?? {};
    const key = env[KEY]?.trim() || undefined;
    checkConfigured(settings, key !== undefined);

    const budget = new Budget(settings, saved?.budget);
    const address = settings.base_url ?? (env['ANTHROPIC_BASE_URL']?.trim() || undefined);
    const api = mode === 'replay' || key === undefined ? null : await openApi(settings, key, address, budget);
    const recording =
      settings.recording === undefined ? null : await openRecording(settings.recording, mode === 'record');
    log(api ? `asks ${model}` : 'answers from its recording only', { mode });

    const decisions = new Decisions({ settings, instrument, budget, api, recording });
    const standing = new Standing(settings.decide_every_bars, saved?.standing ?? null);
    return {
      onBar: (view, turn) => standing.of(view.bar.time, () => decisions.decide(view, turn)),
      save: () => ({ budget: budget.state(), standing: standing.state() }),
      close: () => decisions.close(),
    };
  },
});

function checkConfigured({ mode, recording }: Settings, hasKey: boolean): void {
  if (mode !== 'live' && recording === undefined) {
    throw new StrategyUnavailable(
      `not configured: mode ${mode} needs a recording.`,
      'Name it in the parameters of LLM_CLAUDE: {"recording": "answers.jsonl"}.',
    );
  }
  if (hasKey || mode === 'replay' || (mode === 'live' && recording !== undefined)) return;
  throw new StrategyUnavailable(
    `not configured: no ${KEY} in the environment.`,
    `Set ${KEY} in the environment of the host, or replay a recording: parameters {"mode": "replay", "recording": "answers.jsonl"}.`,
  );
}
