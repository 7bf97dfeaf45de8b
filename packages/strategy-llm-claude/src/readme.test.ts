import { readFileSync } from 'node:fs';
import { USD_COP } from '@signalbox/core';
import { describe, expect, it } from 'vitest';
import { exampleViews } from '../test/example.js';
import { dearest } from './api.js';
import { Budget } from './budget.js';
import { settingsOf } from './config.js';
import llmClaude from './index.js';
import { promptOf } from './prompt.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('README', () => {
  it('its table of configuration is made from the schema (npm run readme)', async () => {
    const script = new URL('../../../scripts/config-tables.mjs', import.meta.url).href;
    const { withTable } = (await import(script)) as { withTable(text: string, schema: object): string };
    expect(withTable(readme, llmClaude.config)).toBe(readme);
  });

  it('states the largest cost of a question and of a session as the code reckons it', () => {
    const settings = settingsOf({});
    const bytes = Math.max(...exampleViews().map((view) => promptOf(view, USD_COP, []).bytes));
    expect(bytes).toBeLessThanOrEqual(2_100);
    const { tokens, usd } = dearest({ bytes: 2_100 }, settings, new Budget(settings));
    const figures = [tokens, usd.toFixed(6), 60 * tokens, (60 * usd).toFixed(4)].map(String);
    expect(figures).toEqual(['3012', '0.000461', '180720', '0.0277']);
    for (const figure of figures) expect(readme.replaceAll(',', '')).toContain(figure);
    expect(settings.daily_tokens, 'the default budget lets a whole session be asked').toBeGreaterThanOrEqual(
      60 * tokens,
    );
    expect(settings.daily_usd).toBeGreaterThanOrEqual(60 * usd);
  });
});
