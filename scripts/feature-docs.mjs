// docs/features.md with its plots, and the JSON Schema of the feature file, from core as it is built. The distributions are
// of the simulator (seed 1, edge 0, 250 sessions): no row of anyone's data is in them.
import { readFileSync } from 'node:fs';
import {
  compileFeatures,
  computeFeatures,
  createCalendar,
  createSeriesTable,
  defaultFeatures,
  FEATURE_CONFIG_SCHEMA,
  USDCOP_CALENDAR,
} from '../packages/core/dist/index.js';
import { createSimulator } from '../packages/core/dist/testing.js';

const SESSIONS = 250;
const BINS = 40;

const MEANING = {
  log_ret_5m: ['ln(close / close of the slot before), nights included', 'log return'],
  log_ret_1h: ['ln(close / close 12 slots before), nights hold no slots', 'log return'],
  log_ret_4h: ['ln(close / close 48 slots before), nights hold no slots', 'log return'],
  rsi_9: ['relative strength index, 9 bars, Wilder’s smoothing', 'fraction, 0–1'],
  atr_pct: ['average true range, 10 bars, Wilder’s smoothing, over the close', 'percent'],
  adx_14: ['average directional index, 14 bars, Wilder’s smoothing', 'fraction, 0–1'],
  dxy_z: ['latest US dollar index', 'standard deviations'],
  dxy_change_1d: ['US dollar index over its previous observation, − 1', 'fraction'],
  vix_z: ['latest VIX', 'standard deviations'],
  embi_z: ['latest EMBI spread of Colombia', 'standard deviations'],
  brent_change_1d: ['Brent over its previous observation, − 1', 'fraction'],
  rate_spread: ['Colombian 10-year yield − US 10-year yield, in points', 'standard deviations'],
  usdmxn_change_1d: ['pesos per dollar of Mexico over its previous observation, − 1', 'fraction'],
};

const short = (x) => (x === 0 ? '0' : Math.abs(x) >= 0.01 ? x.toFixed(3) : x.toExponential(2));

function plot(name, values, low, high) {
  const counts = new Array(BINS).fill(0);
  for (const x of values) counts[Math.min(BINS - 1, Math.max(0, Math.floor(((x - low) / (high - low)) * BINS)))]++;
  const top = Math.max(...counts);
  const bars = counts.map((n, i) => {
    const height = Math.round((n / top) * 48 * 10) / 10;
    return `<rect x="${i * 5}" y="${50 - height}" width="4" height="${height}"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 64" width="200" height="64" role="img" aria-label="Distribution of ${name} from ${short(low)} to ${short(high)}">
<g fill="#4477aa">${bars.join('')}</g>
<line x1="0" y1="50.5" x2="200" y2="50.5" stroke="#888"/>
<g font-family="sans-serif" font-size="9" fill="#888"><text x="0" y="61">${short(low)}</text><text x="200" y="61" text-anchor="end">${short(high)}</text></g>
</svg>
`;
}

/** Files as {path (from the root), text, parser}. */
export function featureDocs() {
  const calendar = createCalendar(USDCOP_CALENDAR);
  const config = defaultFeatures();
  // notes are for readers: the engine does not keep them
  const file = JSON.parse(readFileSync(new URL('../packages/core/feature_config.json', import.meta.url), 'utf8'));
  const plan = compileFeatures(config, calendar);
  const series = createSeriesTable(config, calendar);
  const sessions = createSimulator({ seed: 1, edge: 0, calendar, firstSession: '2024-01-02' }).sessions(SESSIONS);
  for (const { date, values } of sessions.flatMap((session) => session.macro))
    for (const name of series.names) if (typeof values[name] === 'number') series.add(name, date, values[name]);
  const bars = sessions.flatMap((session) => session.bars);
  const table = computeFeatures(plan, series, bars);
  const width = plan.names.length;

  const files = [];
  const rows = config.features.map((feature, k) => {
    const { name, source, transforms, normalisation, stable_after } = feature;
    const values = bars
      .map((_, i) => table.values[i * width + k])
      .filter((x) => !Number.isNaN(x))
      .sort((a, b) => a - b);
    const q = (p) => values[Math.floor(p * (values.length - 1))];
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const sd = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
    files.push({ path: `docs/images/features/${name}.svg`, text: plot(name, values, q(0.005), q(0.995)) });
    const from =
      'series' in source ? `series ${[source.series].flat().join(', ')}` : `bar: ${[source.bar].flat().join(', ')}`;
    const chain = transforms.map(({ name: step, ...rest }) => [step, ...Object.values(rest)].join(' ')).join(' → ');
    const norm = {
      none: 'none',
      range: `${normalisation.min}…${normalisation.max} to 0…1`,
      z_score: `z-score (${normalisation.mean}, ${normalisation.sd})`,
    }[normalisation.kind];
    const clip = normalisation.clip ? `, clip ${normalisation.clip.join('…')}` : '';
    const available =
      'series' in source
        ? [source.series]
            .flat()
            .map((one) => config.series[one])
            .map(
              ({ frequency, available: at, max_age_days: days }) =>
                `${frequency}; ${at.time} ${at.zone}, ${at.rule === 'lag' ? `${at.days} days after its date` : 'next session day after its date'}; at most ${days} days old`,
            )
            .filter((text, i, all) => all.indexOf(text) === i)
            .join(' / ')
        : `at the bar’s completion, after ${stable_after} stored bars`;
    const notes = (file.features[k].notes ?? []).map((note) => `\n- ${note}`).join('');
    return `### ${name}

![Distribution of ${name}](images/features/${name}.svg)

- **Definition**: ${MEANING[name][0]}
- **Source**: ${from} → ${chain}
- **Normalisation**: ${norm}${clip}
- **Unit**: ${MEANING[name][1]}
- **Available**: ${available}
- **Distribution**: mean ${short(mean)}, sd ${short(sd)}, quantiles 1 % ${short(q(0.01))}, 50 % ${short(q(0.5))}, 99 % ${short(q(0.99))}; missing on ${((1 - values.length / bars.length) * 100).toFixed(1)} % of bars
- **Hash**: \`${plan.hashes[name].slice(0, 16)}…\`${notes}
`;
  });
  const own = file.position_features
    .map(({ name, notes }) => `| \`${name}\` | ${(notes ?? []).join('; ')} |`)
    .join('\n');
  const text = `<!-- Made by scripts/generate.mjs (npm run generate) from feature_config.json and the simulator. Do not edit. -->

# Features

[\`feature_config.json\`](../packages/core/feature_config.json), version ${config.version}, defines them; training, backtest, replay and live
read it through the same engine. \`signalbox features check\` shows them with what is stored and which models rest on them.

The distributions are of **simulated** data: ${SESSIONS} sessions of the simulator, seed 1, edge 0 (${bars.length} bars). Plots go from the
0.5 % to the 99.5 % quantile. The simulator has the volatility of USD/COP; its macro series are walks of their own.

${file.notes.map((note) => `- ${note}`).join('\n')}

## Of the bar

${rows.join('\n')}
## Of the strategy's own position

Under \`position_features\`: taken for each strategy after the fills and the mark of the bar, before its opinion, by the same step in
training, backtest and live. A strategy declares them among its features like any other.

| name | value |
| ---- | ----- |
${own}

## A feature of your own

A feature is a source, a chain of transforms and a normalisation. Copy the file, name it under \`"features"\` in
\`signalbox.config.json\`, edit it (editors follow its \`$schema\`), then \`signalbox features check\` and \`signalbox features migrate\`.

| source | what it gives |
| ------ | ------------- |
| \`{"bar": "close"}\` | a field of the bar; \`["high", "low", "close"]\` for ranges |
| \`{"bar": "close", "symbol": "USD/MXN"}\` | another symbol's bar in the same slot; missing where it is absent |
| \`{"series": "dxy"}\` | a macro series of the file, or two for a difference |
| \`{"calendar": "slot"}\` | \`slot\`, \`slots_left\`, \`minutes_to_close\`, \`day_of_week\`, \`days_since_session\` |
| \`{"position": "side"}\` | under \`position_features\`: \`side\`, \`unrealized_pnl\`, \`bars_held\`, \`slots_left\` |

**Another symbol.** Its bars come in like any others, once it stands under \`"instruments"\` in \`signalbox.config.json\`. A bar sees the other
symbol's bar of its own slot if that is stored when the bar is decided upon: the host waits for the traded symbol only, so store both
together, or the other first. One that comes later, or is repaired, is made good in the stored features and in the state, and nothing is
decided again; a backtest then sees more than the live run did. \`export\` and \`train\` from files take \`--other USD/MXN=FILE\`, or one
\`--bars\` file with a column \`symbol\`; without its bars they are refused.

**The view** \`inference_features_5m\` shows the values of one feature file. A host makes it for its own when it starts; values of the file
before stay in \`dw.feature_values\` under their hash until \`features migrate\` writes them anew. Columns that are added at the end keep
the view's grants; otherwise it is made again.

**Transforms of a plugin.** A package names a module under \`"signalbox": {"transforms": "./transforms.js"}\` of its package.json, whose default export is a list of
what \`defineTransform\` of \`@signalbox/core\` returns. They run in the host's process; their version is in the hash of each feature that uses them.
A kernel is called once for each stored bar, in order. It is given NaN, never an infinity, where the chain has no number at a bar, and has to pass
it over if it keeps a sum; all that it remembers stands in \`state\`, which snapshots keep; \`recursive: true\` says that each value rests on all
before it, so that it is missing while more than a tenth of a session's slots are absent.

\`signalbox features check\` says of each model, brought along or promoted, whether it was trained on these features, on others (by feature and field),
or that nobody can know. \`signalbox features types --out features.d.ts\` makes names into types: a strategy that declares
a feature that the file does not define does not compile.
`;
  files.push({ path: 'docs/features.md', text, format: true });
  files.push({
    path: 'packages/core/feature_config.schema.json',
    text: JSON.stringify(FEATURE_CONFIG_SCHEMA),
    format: true,
  });
  return files;
}
