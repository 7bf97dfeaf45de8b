import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { isSignalboxError, SignalboxError } from '@signalbox/core';
import { planOf } from '../inference/configured-plan.js';
import { parseVersion, type CatalogueEntry } from '../models/catalogue.js';
import { describeDifference } from '../models/evaluate.js';
import { ModelRegistry } from '../models/registry.js';
import { discover } from '../plugins/discover.js';
import { openArtifacts } from '../stores/artifacts/open.js';
import { MAX_ARTIFACT_BYTES } from '../stores/artifacts/port.js';
import type { NewModelVersion } from '../stores/postgres/models.js';
import { actor } from './actor.js';
import { EXIT } from './exit-codes.js';
import { configOf, type Session } from './session.js';
import { withStore } from './store.js';
import { table } from './terminal.js';

interface Flags {
  readonly world?: string;
  readonly manifest?: string;
}

/** `signalbox models …`: the versions of each strategy's model, and which one is live. */
export function modelsCommand(session: Session): Command {
  const models = new Command('models').description('store, check and promote models');
  const command = (usage: string, text: string, examples: string): Command =>
    models
      .command(usage)
      .description(text)
      .option('--world <world>', 'market or demo; default: the configured one')
      .addHelpText('after', `\nExamples:\n${examples}`);

  command(
    'add <code> <file>',
    'check a model with its manifest and store both as the next version; FILE may be vN, a file in the store without manifest',
    '  signalbox models add ML_XGB model.json\n  signalbox models add ML_XGB v1 --manifest model_v1.manifest.json',
  )
    .option('--manifest <file>', 'the trainer’s manifest; default: NAME.manifest.json beside FILE')
    .action((code: string, file: string, flags: Flags) => add(session, code, file, flags));
  command(
    'list [code]',
    'list the models of all strategies, or of one, and why one is not loaded',
    '  signalbox models list\n  signalbox models list ML_XGB --json',
  ).action((code: string | undefined, flags: Flags) => list(session, code, flags));
  command(
    'verify <code> [version]',
    'check stored models again: digest, features, golden vectors; all versions of CODE, or one',
    '  signalbox models verify ML_XGB\n  signalbox models verify ML_XGB v2',
  ).action((code: string, version: string | undefined, flags: Flags) => verify(session, code, version, flags));
  command(
    'promote <code> <version>',
    'make a verified version the live one; v0 is the model that the package brings along',
    '  signalbox models promote ML_XGB v2\n  signalbox models promote ML_XGB v0 --world market',
  ).action((code: string, version: string, flags: Flags) =>
    withRegistry(session, flags, async (registry) => {
      const change = await registry.promote(code, parseVersion(version), actor());
      session.terminal.result(change, `v${change.version} of ${code} is live; it was v${change.previousVersion}.`);
    }),
  );
  command(
    'rollback <code>',
    'go back to the version that was live before',
    '  signalbox models rollback ML_XGB\n  signalbox models rollback ML_XGB --world market --json',
  ).action((code: string, flags: Flags) =>
    withRegistry(session, flags, async (registry) => {
      const change = await registry.rollback(code, actor());
      session.terminal.result(
        change,
        `v${change.version} of ${code} is live again; it was v${change.previousVersion}.`,
      );
    }),
  );
  return models;
}

async function withRegistry(
  session: Session,
  { world }: Flags,
  work: (registry: ModelRegistry) => Promise<void>,
): Promise<void> {
  const config = configOf(session, world === undefined ? {} : { world });
  const { instrument, features } = await planOf(config);
  const found = await discover(config.projectDir, config.plugins);
  const artifacts = await openArtifacts(config.projectDir, config.artifacts);
  await withStore(session, config, ({ pool, world: { kind } }) =>
    work(
      new ModelRegistry({
        artifacts,
        pool,
        world: kind,
        allowSimulatedModels: config.allowSimulatedModels,
        features,
        instrument,
        installed: found.flatMap((one) => ('strategy' in one ? [one.strategy] : [])),
      }),
    ),
  );
}

async function add(session: Session, code: string, file: string, flags: Flags): Promise<void> {
  const path = resolve(session.cwd, file);
  const stored = /^v\d+$/.test(file) && !(await exists(path));
  const beside = path.replace(/\.[^./\\]+$/, '.manifest.json');
  const named = flags.manifest === undefined ? undefined : resolve(session.cwd, flags.manifest);
  const bytes = stored ? undefined : await read(path);
  const manifest = named ?? (!stored && (await exists(beside)) ? beside : undefined);
  await withRegistry(session, flags, async (registry) => {
    const model = await registry.add(
      code,
      bytes ?? (await registry.stored(code, parseVersion(file))),
      manifest === undefined ? undefined : parse(await read(manifest), manifest),
    );
    session.terminal.result(
      body(model),
      `${model.file}: v${model.version} of ${code}, ${model.framework}, ${model.goldenRows} golden rows reproduced ` +
        `(${describeDifference(model.largestDifference)}), trained on ${model.trainedOn} data\n` +
        `Make it live: signalbox models promote ${code} v${model.version}`,
    );
  });
}

async function list(session: Session, code: string | undefined, flags: Flags): Promise<void> {
  await withRegistry(session, flags, async (registry) => {
    const models = await registry.list(code);
    const rows = models.map((one) => [
      one.strategy_code,
      `v${one.version}`,
      one.champion ? 'live' : '',
      one.state,
      one.format ?? '–',
      one.trained_on ?? '–',
      one.sha256?.slice(0, 12) ?? '–',
      one.file,
    ]);
    const head = ['strategy', 'version', '', 'state', 'format', 'trained on', 'sha256', 'file'];
    session.terminal.result(
      { models },
      models.length === 0
        ? 'No models: add one with signalbox models add CODE FILE.'
        : [table(head, rows), ...models.flatMap(whyNot)].join('\n'),
    );
  });
}

function whyNot({ strategy_code: code, version, state, reason, remedy }: CatalogueEntry): string[] {
  return reason === null ? [] : [`${code} v${version} is ${state}: ${reason}.\n  → ${remedy}`];
}

async function verify(session: Session, code: string, version: string | undefined, flags: Flags): Promise<void> {
  await withRegistry(session, flags, async (registry) => {
    const entries = (await registry.list(code)).filter((one) => one.version > 0);
    const wanted = version === undefined ? entries.map((one) => one.version) : [parseVersion(version)];
    const checked = await checkEach(registry, code, wanted, session.signal);
    const bad = checked.filter((one) => one['problem'] !== null);
    const lines = checked.map((one) => {
      const problem = one['problem'] as { code: string; message: string; remedy: string } | null;
      return problem
        ? `v${String(one['version'])}  FAILED  ${problem.code} ${problem.message}\n  → ${problem.remedy}`
        : `v${String(one['version'])}  ok  ${String(one['golden_rows'])} golden rows, ${describeDifference(one['largest_difference'] as number | null)}`;
    });
    session.terminal.result(
      { models: checked },
      lines.join('\n') || `No model of ${code} is stored: signalbox models add ${code} FILE.`,
      bad.length === 0,
    );
    if (bad.length > 0) session.exitCode = EXIT.refused;
  });
}

/** Checks versions one by one; what is wrong with one, or that the strategy cannot open it here, keeps no other from being checked. */
export async function checkEach(
  registry: Pick<ModelRegistry, 'check'>,
  code: string,
  versions: readonly number[],
  signal: AbortSignal,
): Promise<Record<string, unknown>[]> {
  const checked: Record<string, unknown>[] = [];
  for (const version of versions) {
    signal.throwIfAborted();
    try {
      checked.push({ ...body(await registry.check(code, version)), problem: null });
    } catch (error) {
      if (!isSignalboxError(error)) throw error;
      const refused = error.code.startsWith('MODEL_');
      if (!refused && error.code !== 'STRATEGY_UNAVAILABLE') throw error;
      const { code: problem, message, remedy } = error;
      const state = refused ? 'refused' : 'unverified';
      checked.push({ strategy_code: code, version, state, problem: { code: problem, message, remedy } });
    }
  }
  return checked;
}

function body(model: NewModelVersion): Record<string, unknown> {
  return {
    strategy_code: model.code,
    version: model.version,
    file: model.file,
    format: model.format,
    bytes: model.bytes,
    sha256: model.sha256,
    framework: model.framework,
    trained_on: model.trainedOn,
    state: model.state,
    golden_rows: model.goldenRows,
    largest_difference: model.largestDifference,
  };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function read(path: string): Promise<Uint8Array> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile())
    throw new SignalboxError(
      'INPUT_NOT_FOUND',
      `there is no file ${path}`,
      'Check the path; vN names a stored version.',
    );
  if (found.size > MAX_ARTIFACT_BYTES)
    throw new SignalboxError(
      'MODEL_MALFORMED',
      `${path} has ${found.size} bytes; a model has at most ${MAX_ARTIFACT_BYTES}`,
      'Train a smaller model.',
    );
  return new Uint8Array(await readFile(path));
}

function parse(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (cause) {
    throw new SignalboxError('MODEL_MANIFEST_INVALID', `${path} is no JSON`, 'Write the manifest again.', { cause });
  }
}
