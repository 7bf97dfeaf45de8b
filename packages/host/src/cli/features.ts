import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { isSignalboxError } from '@signalbox/core';
import { planOf } from '../inference/configured-plan.js';
import { migrateFeatures } from '../inference/feature-migration.js';
import { featureLines, storedFeatures, type StoredFeatures } from '../inference/feature-report.js';
import { featureTypes } from '../inference/feature-types.js';
import type { Plan } from '../inference/plan.js';
import { bundledStandings, promotedStandings, type ModelStanding } from '../models/standing.js';
import { discover, type Discovery } from '../plugins/discover.js';
import { openArtifacts } from '../stores/artifacts/open.js';
import type { Config } from '../config/config.js';
import { EXIT } from './exit-codes.js';
import { submitJob } from './jobs.js';
import { configOf, examples, type Session } from './session.js';
import { withStore } from './store.js';
import { table } from './terminal.js';

interface Flags {
  readonly world: string;
  readonly store?: boolean;
  readonly out: string;
  readonly job?: boolean;
}

/** `signalbox features check | migrate | types`: the feature file, what is stored of it, and who rests on it. */
export function featuresCommand(session: Session): Command {
  const world = ['--world <world>', 'whose database: market or demo', 'market'] as const;
  const features = new Command('features').description(
    'check the feature file, bring stored values up to it, make types of it',
  );
  features
    .command('check')
    .description(
      'validate the feature file; show its features, what changed against what is stored, and which models it breaks',
    )
    .addHelpText('after', examples('features check', 'features check --no-store --json'))
    .option(...world)
    .option('--no-store', 'do not open the database')
    .action((flags: Flags) => check(session, flags));
  features
    .command('migrate')
    .description('make the view inference_features_5m for the feature file and backfill the stored values')
    .option(...world)
    .addHelpText(
      'after',
      `\nMay be stopped and run again. A running host goes on with the file that it was started with: start it anew.\n${examples('features migrate', 'features migrate --world market --json')}`,
    )
    .option('--job', 'queue it for a running host instead of running it here')
    .action((flags: Flags) => (flags.job ? submitJob(session, flags.world, 'features', {}) : migrate(session, flags)));
  features
    .command('types')
    .description('write a TypeScript file with the names of the features, so that a wrong one does not compile')
    .addHelpText('after', examples('features types', 'features types --out src/features.d.ts'))
    .option('--out <file>', 'the file to write', 'features.d.ts')
    .action((flags: Flags) => types(session, flags));
  return features;
}

interface Opened {
  readonly config: Config;
  readonly discovered: readonly Discovery[];
  readonly plan: Plan;
}

async function open(session: Session, world?: string): Promise<Opened> {
  const config = configOf(session, world === undefined ? {} : { world });
  const discovered = await discover(config.projectDir, config.plugins);
  return { config, discovered, plan: await planOf(config) };
}

async function check(session: Session, flags: Flags): Promise<void> {
  const { terminal } = session;
  const { config, discovered, plan } = await open(session, flags.world);
  const { bar, position } = featureLines(plan);
  let stored: StoredFeatures | null = null;
  let promoted: readonly ModelStanding[] = [];
  let unread: string | null = flags.store === false ? 'not asked for' : null;
  if (flags.store !== false) {
    try {
      const artifacts = await openArtifacts(config.projectDir, config.artifacts);
      [stored, promoted] = await withStore(session, config, async ({ pool }) => [
        await storedFeatures(pool, plan),
        await promotedStandings(artifacts.store, pool, plan),
      ]);
    } catch (error) {
      if (!isSignalboxError(error)) throw error;
      unread = error.message;
    }
  }
  const installed = discovered.flatMap((one) => ('strategy' in one ? [one.strategy] : []));
  const models = [...bundledStandings(installed, plan), ...promoted];
  const broken = models.filter((model) => model.ok === false);
  const file = config.features ?? '@signalbox/core/feature_config.json';
  if (broken.length > 0) session.exitCode = EXIT.refused;
  terminal.result(
    {
      file,
      version: plan.config.version,
      feature_hash: plan.featureHash,
      features: bar,
      position_features: position,
      stored,
      stored_unread: unread,
      models,
    },
    [
      `${file}, version ${plan.config.version}: valid`,
      table(
        ['feature', 'hash', 'stable after', 'source'],
        [...bar, ...position].map((one) => [one.name, one.hash.slice(0, 12), String(one.stable_after), one.source]),
      ),
      storedText(stored, unread),
      ...models.map(modelText),
    ].join('\n'),
    broken.length === 0,
  );
}

function modelText({ strategy, model, ok, reason, broken }: ModelStanding): string {
  if (ok === null) return `${strategy} ${model}: unknown whether it was trained on these features: ${reason}`;
  if (ok) return `${strategy} ${model}: trained on these features`;
  const fields = broken.map(
    (one) => `${one.feature} (${one.field}: ${JSON.stringify(one.was)} → ${JSON.stringify(one.is)})`,
  );
  return `${strategy} ${model}: BROKEN by ${fields.join(', ')}`;
}

function storedText(stored: StoredFeatures | null, unread: string | null): string {
  if (!stored) return `stored values: not read (${unread})`;
  const { current, other, changes, view_matches: matches } = stored;
  const lines = [`stored values: ${current} of this file, ${other} of others`];
  for (const { name, change, field, was, is } of changes ?? [])
    lines.push(
      `  ${name} ${change}${field === null ? '' : `: ${field} ${JSON.stringify(was)} → ${JSON.stringify(is)}`}`,
    );
  if (other > 0 || !matches) lines.push('  → signalbox features migrate');
  return lines.join('\n');
}

async function migrate(session: Session, flags: Flags): Promise<void> {
  const { terminal, signal } = session;
  const { config, plan } = await open(session, flags.world);
  const done = await withStore(session, config, async ({ pool }) => {
    const progress = terminal.progress('features', 'bars');
    try {
      return await migrateFeatures(pool, plan, { signal, onProgress: (n, total) => progress.update(n, total) });
    } finally {
      progress.stop();
    }
  });
  terminal.result(
    { feature_hash: plan.featureHash, view: 'inference_features_5m', features: plan.features.names, ...done },
    `inference_features_5m shows ${plan.features.names.length} features; ${done.written} of ${done.bars} bars were written, the others were there`,
  );
}

async function types(session: Session, flags: Flags): Promise<void> {
  const { plan } = await open(session);
  const out = resolve(session.cwd, flags.out);
  await writeFile(out, featureTypes(plan.config));
  session.terminal.result(
    { file: out, features: plan.features.names.length + plan.features.positionNames.length },
    `${out}: written`,
  );
}
