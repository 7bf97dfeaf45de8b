import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  compileFeatures,
  createCalendar,
  defaultFeatures,
  sha256 as sha256Of,
  USD_COP,
  USDCOP_CALENDAR,
  type ModelManifest,
} from '@signalbox/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/index.js';
import { verifyModel } from '../../src/models/verify.js';
import { discover, type InstalledStrategy } from '../../src/plugins/discover.js';
import { NEEDS_PYTHON, python, repository, runPython, type Ran } from '../python.js';

const folder = mkdtempSync(join(tmpdir(), 'signalbox-training-'));
const plan = compileFeatures(defaultFeatures(), createCalendar(USDCOP_CALENDAR));
const at = (name: string): string => join(folder, name);
let installed: InstalledStrategy[];

beforeAll(async () => {
  if (python === null) return;
  const streams = { stdout: { write: () => true }, stderr: { write: () => true }, env: {} };
  const args = [
    'export',
    '--simulated',
    '--seed',
    '7',
    '--sessions',
    '160',
    '--edge',
    '0.35',
    '--labels',
    '--out',
    at('f.csv.gz'),
  ];
  expect(await run(args, streams, folder)).toBe(0);
  const parquet = `import pandas as p; p.read_csv(r"${at('f.csv.gz')}").to_parquet(r"${at('f.parquet')}")`;
  expect(await runPython(['-c', parquet])).toMatchObject({ status: 0 });
  writeFileSync(at('f.parquet.features.json'), readFileSync(at('f.csv.gz.features.json')));
  const found = await discover(repository, ['@signalbox/strategy-ml-xgb', '@signalbox/strategy-ml-lgbm']);
  installed = found.flatMap((one) => ('strategy' in one ? [one.strategy] : []));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifestOf = (model: string): ModelManifest & Record<string, never> =>
  JSON.parse(readFileSync(model.replace(/\.\w+$/, '.manifest.json'), 'utf8')) as never;
const verified = (code: string, model: string): ReturnType<typeof verifyModel> =>
  verifyModel(code, new Uint8Array(readFileSync(model)), manifestOf(model), {
    features: plan,
    instrument: USD_COP,
    installed: installed.find((one) => one.definition.code === code),
    parameters: {},
  });
const done = async (args: readonly string[]): Promise<Ran> => {
  const ran = await runPython(args);
  expect(ran.status, ran.err).toBe(0);
  return ran;
};

describe.skipIf(python === null)(`training with the real libraries ${NEEDS_PYTHON}`, () => {
  it.each([
    ['ML_XGB', 'training/train_xgb.py', 'f.csv.gz', 'xgb.json'],
    ['ML_XGB', 'training/train_xgb.py', 'f.parquet', 'xgb.ubj'],
    ['ML_LGBM', 'training/train_lgbm.py', 'f.csv.gz', 'lgbm.txt'],
    ['ML_LGBM', 'training/train_lgbm.py', 'f.parquet', 'lgbm2.txt'],
  ])(
    '%s by %s from %s leaves a model that the strategy opens and whose golden vectors it reproduces',
    async (code, script, from, to) => {
      await done([script, at(from), at(to)]);
      const { goldenRows, largestDifference, manifest } = await verified(code, at(to));
      expect(goldenRows).toBe(21);
      expect(largestDifference).toBeLessThanOrEqual(code === 'ML_XGB' ? 1e-6 : 1e-9);
      expect(manifest.trained_on).toBe('simulated');
    },
  );

  it('the same export, as CSV and as Parquet, gives the same model', () => {
    const { golden: csv } = manifestOf(at('lgbm.txt'));
    expect(manifestOf(at('lgbm2.txt')).golden).toEqual(csv);
  });

  it('splits by session in order of time, a session apart, and fits nothing on the later parts', () => {
    const { split, training_window: window } = manifestOf(at('xgb.json')) as unknown as {
      split: Record<'train' | 'validation' | 'test', { from: string; to: string; sessions: number }> & {
        embargo_sessions: number;
      };
      training_window: { from: string; to: string };
    };
    const dates = [...new Set(datesOf())].sort();
    expect(split.embargo_sessions).toBe(1);
    expect(dates.indexOf(split.validation.from) - dates.indexOf(split.train.to)).toBe(2);
    expect(dates.indexOf(split.test.from) - dates.indexOf(split.validation.to)).toBe(2);
    expect(window).toEqual({ from: split.train.from, to: split.train.to });
  });

  it('a label that looks into the next part is purged', async () => {
    const code = [
      'import sys; sys.path.insert(0, "training")',
      'import pandas as pd, example',
      't = pd.date_range("2024-01-01 13:00", periods=30, freq="5min", tz="UTC")',
      'rows = {"train": pd.DataFrame({"time": t[:10]}), "validation": pd.DataFrame({"time": t[10:20]}), "test": pd.DataFrame({"time": t[20:]})}',
      'example.purge(rows, 3)',
      'print([len(frame) for frame in rows.values()])',
    ].join('\n');
    // the label of a bar reads the open of the bar horizon + 1 later: of ten bars the last three reach beyond the tenth
    expect((await done(['-c', code])).out.trim()).toBe('[7, 7, 10]');
  });

  it('the parts are those of --split where the export has them, and a name with a dot keeps it', async () => {
    const streams = { stdout: { write: () => true }, stderr: { write: () => true }, env: {} };
    const said = '--simulated --seed 7 --sessions 60 --labels --split 0.6,0.2,0.2 --embargo 3 --purge 20'.split(' ');
    expect(await run(['export', ...said, '--out', at('split.parquet')], streams, folder)).toBe(0);
    await done(['training/train_xgb.py', at('split.parquet'), at('split.v2.json')]);
    const sidecar = JSON.parse(readFileSync(at('split.parquet.features.json'), 'utf8')) as {
      split: Record<string, object>;
    };
    const {
      split,
      sha256,
      horizon_bars: horizon,
    } = manifestOf(at('split.v2.json')) as unknown as {
      split: Record<'train' | 'validation' | 'test', { sessions: number; rows: number }>;
      sha256: string;
      horizon_bars: number;
    };
    const { train, validation, test } = sidecar.split;
    expect(split).toMatchObject({ train, validation, test, embargo_sessions: 3 });
    expect(sha256).toBe(sha256Of(new Uint8Array(readFileSync(at('split.v2.json')))));
    // the last bars of each session have no label; of the twenty purged ones those before them are left out too
    const labelled = 60 - horizon - 1;
    expect(split.test.rows).toBe(split.test.sessions * labelled);
    expect(split.validation.rows).toBe(split.validation.sessions * labelled - (20 - horizon - 1));
  });

  it('a split without one of the parts is refused with its name', async () => {
    const code = [
      'import sys; sys.path.insert(0, "training")',
      'import pandas as pd, example',
      'rows = pd.DataFrame({"session": ["2024-01-02", "2024-01-03"], "split": ["train", "validation"]})',
      'example.split_of_export("x.csv", rows)',
    ].join('\n');
    const ran = await runPython(['-c', code]);
    expect(ran.status).toBe(1);
    expect(ran.err).toMatch(/x\.csv: the column split has no rows for test/);
  });

  it('too few sessions are refused with the number that is there', async () => {
    const small = readFileSync(at('f.csv.gz.features.json'));
    writeFileSync(at('small.csv.features.json'), small);
    await done([
      '-c',
      `import pandas as p; p.read_csv(r"${at('f.csv.gz')}").tail(240).to_csv(r"${at('small.csv')}", index=False)`,
    ]);
    const ran = await runPython(['training/train_xgb.py', at('small.csv'), at('small.json')]);
    expect(ran.status).toBe(1);
    expect(ran.err).toMatch(/rows for (train|validation|test); at least 30/);
  });
});

function datesOf(): string[] {
  const { split } = manifestOf(at('xgb.json')) as unknown as { split: Record<string, { from: string }> };
  const calendar = createCalendar(USDCOP_CALENDAR);
  const dates: string[] = [];
  const first = Date.parse(`${split['train']!.from}T13:30:00Z`);
  for (let day = 0; dates.length < 160; day++) {
    const slot = calendar.slot(first + day * 86_400_000);
    if (slot) dates.push(calendar.sessionDate(first + day * 86_400_000));
  }
  return dates;
}

describe.skipIf(python === null)(`training/convert.py ${NEEDS_PYTHON}`, () => {
  const FIT = [
    'import sys, pickle, joblib, numpy as np, pandas as pd, xgboost as xgb, lightgbm as lgb',
    'from sklearn.pipeline import Pipeline',
    'from sklearn.preprocessing import StandardScaler',
    'from sklearn.linear_model import LogisticRegression',
    'folder = sys.argv[1]',
    't = pd.read_csv(folder + "/f.csv.gz").dropna()',
    'names = list(t.columns[1:14]); x = t[names]; r = t["label_12"].to_numpy()',
    'three = np.digitize(r, np.quantile(r, [1/3, 2/3])); two = (r > 0).astype(int)',
    'save = lambda name, m: pickle.dump(m, open(folder + "/" + name, "wb"))',
    'small = dict(n_estimators=8, max_depth=3, n_jobs=1)',
    'save("xgb3.pkl", xgb.XGBClassifier(**small).fit(x, three))',
    'save("xgb2.pkl", xgb.XGBClassifier(**small).fit(x.to_numpy(), two))',
    'save("xgbr.pkl", xgb.XGBRegressor(**small).fit(x, r))',
    'save("booster.pkl", xgb.train({"objective": "multi:softprob", "num_class": 3, "max_depth": 3}, xgb.DMatrix(x, three), 5))',
    'joblib.dump(Pipeline([("nothing", "passthrough"), ("model", lgb.LGBMClassifier(**small, verbose=-1).fit(x, three))]), folder + "/lgbm3.joblib", compress=3)',
    'save("lgbm2.pkl", lgb.LGBMClassifier(**small, verbose=-1).fit(x.to_numpy(), two))',
    'save("lgbmr.pkl", lgb.LGBMRegressor(**small, verbose=-1).fit(x, r))',
    'save("scaled.pkl", Pipeline([("scale", StandardScaler()), ("model", xgb.XGBClassifier(**small).fit(x, two))]))',
    'save("linear.pkl", LogisticRegression().fit(x, two))',
    'xgb.XGBClassifier(**small).fit(x, three).save_model(folder + "/raw.json")',
  ].join('\n');

  const CONVERT_ALL = [
    'import sys; sys.path.insert(0, "training"); import convert',
    'folder, *pairs = sys.argv[1:]',
    'for i in range(0, len(pairs), 2):',
    '    sys.argv = ["convert.py", f"{folder}/{pairs[i]}", f"{folder}/{pairs[i + 1]}", "--export", f"{folder}/f.csv.gz", "--trained-on", "market"]',
    '    convert.main()',
  ].join('\n');
  const MARKET = ['--trained-on', 'market'];
  const CONVERSIONS: [string, string, string][] = [
    ['ML_XGB', 'xgb3.pkl', 'c-xgb3.json'],
    ['ML_XGB', 'xgb2.pkl', 'c-xgb2.ubj'],
    ['ML_XGB', 'xgbr.pkl', 'c-xgbr.json'],
    ['ML_XGB', 'booster.pkl', 'c-booster.json'],
    ['ML_XGB', 'raw.json', 'c-raw.json'],
    ['ML_LGBM', 'lgbm3.joblib', 'c-lgbm3.txt'],
    ['ML_LGBM', 'lgbm2.pkl', 'c-lgbm2.txt'],
    ['ML_LGBM', 'lgbmr.pkl', 'c-lgbmr.txt'],
  ];

  beforeAll(async () => {
    if (python === null) return;
    await done(['-c', FIT, folder]);
    // one start of Python for all of them: its imports take longer than the work
    await done(['-c', CONVERT_ALL, folder, ...CONVERSIONS.flatMap(([, from, to]) => [from, to])]);
  });

  it.each(CONVERSIONS)(
    'for %s, %s becomes a native file whose golden vectors are reproduced',
    async (code, from, to) => {
      await expect(verifyBytes(from)).rejects.toBeDefined();
      const { goldenRows, largestDifference } = await verified(code, at(to));
      expect(goldenRows).toBe(21);
      expect(largestDifference).toBeLessThanOrEqual(code === 'ML_XGB' ? 1e-6 : 1e-9);
    },
  );

  it('runs as the command that a refused pickle names', async () => {
    const said = ['--trained-on', 'simulated', '--window', '2020-01-02', '2021-01-04'];
    const command = ['training/convert.py', at('xgb3.pkl'), at('cmd.json'), '--export', at('f.csv.gz'), ...said];
    const { out } = await done(command);
    expect(JSON.parse(out)).toMatchObject({ model: at('cmd.json'), manifest: at('cmd.manifest.json') });
    expect(readFileSync(at('cmd.json'))).toEqual(readFileSync(at('c-xgb3.json')));
    expect(manifestOf(at('cmd.json'))).toMatchObject({
      trained_on: 'simulated',
      training_window: { from: '2020-01-02', to: '2021-01-04' },
    });
  });

  it('claims nothing of the training from the export of the golden rows: not its world, its simulator, its window', () => {
    const manifest = manifestOf(at('c-xgb3.json'));
    expect(manifest).toMatchObject({ trained_on: 'market', training_window: { from: 'unknown', to: 'unknown' } });
    expect(manifest).not.toHaveProperty('simulator');
  });

  it('without a word on the data that the model was trained on nothing is written', async () => {
    const ran = await runPython(['training/convert.py', at('xgb3.pkl'), at('never.json'), '--export', at('f.csv.gz')]);
    expect(ran.status).toBe(2);
    expect(ran.err).toMatch(/--trained-on/);
    expect(existsSync(at('never.json'))).toBe(false);
  });

  it.each([
    ['scaled.pkl', /changes the features before its model \(scale\)/],
    ['linear.pkl', /LogisticRegression is no XGBoost and no LightGBM model/],
  ])('%s is refused by name', async (from, reason) => {
    const ran = await runPython([
      'training/convert.py',
      at(from),
      at('never.json'),
      '--export',
      at('f.csv.gz'),
      ...MARKET,
    ]);
    expect(ran.status).toBe(1);
    expect(ran.err).toMatch(reason);
  });

  /** Before it is converted: a pickle, or a file without manifest. */
  const verifyBytes = (name: string): ReturnType<typeof verifyModel> =>
    verifyModel('ML_XGB', new Uint8Array(readFileSync(at(name))), undefined, {
      features: plan,
      instrument: USD_COP,
      installed: undefined,
      parameters: {},
    });
});
