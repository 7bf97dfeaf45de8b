import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { SignalboxError } from '@signalbox/core';
import { planOf } from '../inference/configured-plan.js';
import {
  readTrainingCheckpoint,
  writeTrainingCheckpoint,
  writeWhole,
  type TrainingCheckpoint,
} from '../inference/training-checkpoint.js';
import { findTrainer } from '../plugins/trainers.js';
import { otherFile } from './file-bars.js';
import { configOf, day, integer, number, type Session } from './session.js';
import { readTrainingData, type DataFlags } from './training-data.js';

interface TrainFlags extends Omit<DataFlags, 'seed'> {
  readonly simSeed: number;
  readonly seed: number;
  readonly out: string;
  readonly option: Readonly<Record<string, unknown>>;
  readonly resume?: boolean;
  readonly fresh?: boolean;
}

/** `signalbox train CODE`: trains a strategy's model by the training that its package brings. */
export function trainCommand(session: Session): Command {
  return new Command('train')
    .description('train a strategy’s model over the pipeline’s own step, and judge it on sessions that were held back')
    .argument('<code>', 'the strategy, RL_PPO')
    .option('--simulated', 'train on a simulated world')
    .option('--sim-seed <n>', 'seed of the simulated world', integer(0), 1)
    .option('--sessions <n>', 'sessions of the simulated world', integer(1, 100_000), 1000)
    .option('--edge <x>', 'strength of its planted edge, 0 for none', number(0, 1), 0)
    .option('--first-session <date>', 'its first session', day, '2020-01-02')
    .option('--bars <file>', 'train on bars of a file, .csv or .csv.gz')
    .option('--other <symbol=file>', 'bars of another symbol that features read, repeatable', otherFile)
    .option('--macro <file>', 'macro values, .csv or .csv.gz')
    .option('--tz <zone>', 'the times of the bars are this zone’s wall clock')
    .option('--world <world>', 'train on the stored bars of the market or the demo world')
    .option('--seed <n>', 'seed of the training: the same on the same machine gives the same model', integer(0), 1)
    .option('--option <name=value>', 'an option of the training, repeatable', option, {})
    .requiredOption('--out <file>', 'the model to write; its manifest stands beside it')
    .option('--resume', 'go on from the checkpoint beside --out, on the bars that it was trained on')
    .option('--fresh', 'begin anew although a checkpoint stands beside --out')
    .addHelpText(
      'after',
      '\nExamples:\n  signalbox train RL_PPO --simulated --edge 0.35 --sessions 1500 --out models/model_v2.onnx\n  signalbox train RL_PPO --bars m5.csv.gz --macro macro.csv.gz --out models/model_v2.onnx --resume\n  signalbox train RL_PPO --world market --option iterations=300 --out models/model_v2.onnx',
    )
    .action((code: string, flags: TrainFlags) => run(session, code, flags));
}

async function run(session: Session, code: string, flags: TrainFlags): Promise<void> {
  const { terminal, signal } = session;
  const config = configOf(session);
  const out = resolve(session.cwd, flags.out);
  const { trainer, package: name } = await findTrainer(config.projectDir, config.plugins, code);
  // before the hours of training, not after them
  if (!out.endsWith(`.${trainer.extension}`))
    throw new SignalboxError(
      'PARAMETER_INVALID',
      `${out} is no .${trainer.extension} file`,
      `Name the model of ${code} with the ending .${trainer.extension}.`,
    );
  const plan = await planOf(config);
  const checkpoint = `${out}.checkpoint.json`;
  const before = await checkpointOf(checkpoint, flags);
  const data = await readTrainingData(session, plan, { ...flags, seed: flags.simSeed });
  // bars that came in since are not of the training that is resumed
  const bars = before ? data.bars.filter(({ time }) => time <= before.lastBar) : data.bars;
  await mkdir(dirname(out), { recursive: true });
  terminal.talk(
    `${code} by ${name}: ${bars.length.toLocaleString('en-US')} bars, ${data.world} data${before ? ', resumed' : ''}`,
  );
  const progress = terminal.progress('training');
  const result = await trainer
    .train({
      instrument: plan.instrument,
      calendar: plan.calendar,
      features: plan.features,
      series: data.series,
      bars,
      others: data.others,
      world: data.world,
      source: data.source,
      seed: flags.seed,
      options: flags.option,
      signal,
      ...(before ? { resume: before.bytes } : {}),
      onProgress: ({ done, total, text }) => progress.update(done, total, text),
      onCheckpoint: (bytes) => writeTrainingCheckpoint(checkpoint, { lastBar: bars.at(-1)?.time ?? 0, bytes }),
    })
    .finally(() => progress.stop());
  const manifest = out.replace(/\.\w+$/, '.manifest.json');
  // the manifest last: a model without one is not loaded
  await writeWhole(out, result.model);
  await writeWhole(manifest, Buffer.from(`${JSON.stringify(result.manifest)}\n`));
  await rm(checkpoint, { force: true });
  terminal.result(
    { strategy: code, model: out, manifest, world: data.world, bars: bars.length, metrics: result.metrics },
    `${result.summary}\n${data.world === 'simulated' ? 'SIMULATED data. ' : ''}${out}\n${manifest}`,
  );
}

/**
 * The checkpoint to go on from, if any. A stopped training's is never overwritten unasked: it may be hours of work.
 * @throws PARAMETER_INVALID, INPUT_NOT_FOUND
 */
async function checkpointOf(
  file: string,
  { resume, fresh }: Pick<TrainFlags, 'resume' | 'fresh'>,
): Promise<TrainingCheckpoint | undefined> {
  if (resume && fresh)
    throw new SignalboxError('PARAMETER_INVALID', '--resume stands beside --fresh', 'Give one of the two.');
  if (fresh) return undefined;
  if (resume) {
    const found = await readTrainingCheckpoint(file);
    if (found) return found;
    throw new SignalboxError(
      'INPUT_NOT_FOUND',
      `there is no checkpoint ${file}`,
      'Train without --resume; a checkpoint stands there while a training is under way or was stopped.',
    );
  }
  if (existsSync(file))
    throw new SignalboxError(
      'PARAMETER_INVALID',
      `the checkpoint of a stopped training is there, ${file}, and would be overwritten`,
      'Go on from it with --resume, begin anew with --fresh, or name another --out.',
    );
  return undefined;
}

/** `name=value`; a number, a list of numbers with commas, or text. */
function option(text: string, before: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const [, name, value] = /^(\w+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Give name=value.');
  const numbers = value.split(',').map(Number);
  const read = numbers.some(Number.isNaN) ? value : name === 'hidden' || numbers.length > 1 ? numbers : numbers[0];
  return { ...before, [name]: read };
}
