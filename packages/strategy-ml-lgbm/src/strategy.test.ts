import { describe, expect, it } from 'vitest';
import { bundledCases, modelTable } from '../../gbdt/test/model-table.js';
import mlLgbm from './index.js';

const table = modelTable(mlLgbm, 'lightgbm-text', new URL('../models/model_v1.txt', import.meta.url));
const { bytes, manifest, artifact, madeFor, open, ask } = table;
const text = new TextDecoder().decode(bytes);
const encode = (value: string) => new TextEncoder().encode(value);

describe('the bundled model', () => bundledCases(mlLgbm, table, 12));

it('was trained by LightGBM, and its golden rows hold missing values', () => {
  expect(manifest.framework.name).toBe('lightgbm');
  expect(manifest.golden.rows.filter((values) => values.includes(null)).length).toBeGreaterThan(5);
});

describe('a model is refused by name', () => {
  it('a model file whose own features are swapped: MODEL_FEATURE_MISMATCH, though digest and manifest agree', async () => {
    const swapped = encode(text.replace('feature_names=log_ret_5m log_ret_1h', 'feature_names=log_ret_1h log_ret_5m'));
    await expect(open(madeFor(swapped))).rejects.toMatchObject({ code: 'MODEL_FEATURE_MISMATCH' });
  });
  it('changed leaves of one tree: MODEL_GOLDEN_MISMATCH, at LightGBM’s tolerance of 1e-9', async () => {
    const moved = (leaves: string) =>
      leaves
        .split(' ')
        .map((leaf) => Number(leaf) + 1e-6)
        .join(' ');
    const changed = text.replace(/^leaf_value=(.+)$/m, (_, leaves: string) => `leaf_value=${moved(leaves)}`);
    await expect(open(madeFor(encode(changed)))).rejects.toMatchObject({ code: 'MODEL_GOLDEN_MISMATCH' });
    const outputs = manifest.golden.outputs.map((values, i) => (i === 3 ? values.map((p) => p + 2e-9) : values));
    await expect(open(artifact({ golden: { ...manifest.golden, outputs } }))).rejects.toThrow(/golden row 3, output 0/);
  });
  it('linear trees: MODEL_UNSUPPORTED', async () => {
    await expect(open(madeFor(encode(text.replace('is_linear=0', 'is_linear=1'))))).rejects.toThrow(/linear_tree/);
  });
});

/** One split on the first feature: below 0 one leaf, else the other. */
function stump(objective: string, below: number, above: number): string {
  return (
    `tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=12\nobjective=${objective}\n` +
    `feature_names=${mlLgbm.features.join(' ')}\ntree_sizes=1\n\nTree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=0\n` +
    `decision_type=8\nleft_child=-1\nright_child=-2\nleaf_value=${below} ${above}\nis_linear=0\nshrinkage=1\n\nend of trees\n`
  );
}

describe('other outputs', () => {
  const rows = [-1, 1].map((x) => [x, ...new Array<number>(12).fill(0)]);
  const answers = async (model: string, output: object, outputs: number[][], config: object = {}) => {
    const session = await open(madeFor(encode(model), { output, golden: { rows, outputs } }), { config });
    return Promise.all(rows.map((values) => ask(session, values)));
  };

  it('binary: p(long) above .5 is long, below short, with confidence max(p, 1 − p) and score 2p − 1', async () => {
    const p = 1 / (1 + Math.exp(-1));
    const model = stump('binary sigmoid:1', -1, 1);
    const said = await answers(model, { kind: 'probabilities', classes: ['short', 'long'] }, [[1 - p], [p]]);
    expect(said.map(({ signal }) => signal)).toEqual(['short', 'long']);
    expect(said[1]).toMatchObject({ confidence: p, score: 2 * p - 1 });
  });

  it('regression: within the dead zone flat, else score and confidence by it, and size begins at confidence 0', async () => {
    const model = stump('regression', -0.0001, 0.0004);
    const outputs = [[-0.0001], [0.0004]];
    const said = await answers(model, { kind: 'regression' }, outputs);
    expect(said[0]).toMatchObject({ signal: 'flat' });
    expect(said[1]).toMatchObject({ signal: 'long', confidenceFloor: 0 });
    expect((said[1] as { score: number }).score).toBeCloseTo(0.4, 12);
    const narrow = await answers(model, { kind: 'regression' }, outputs, { deadZoneBps: 0.5 });
    expect(narrow[0]).toMatchObject({ signal: 'short', confidenceFloor: 0 });
    expect(narrow[1]).toMatchObject({ signal: 'long', confidence: 1, score: 1 });
  });
});
