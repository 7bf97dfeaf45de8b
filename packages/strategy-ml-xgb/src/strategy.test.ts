import { describe, expect, it } from 'vitest';
import { bundledCases, modelTable } from '../../gbdt/test/model-table.js';
import mlXgb from './index.js';

const table = modelTable(mlXgb, 'xgboost-json', new URL('../models/model_v1.json', import.meta.url));
const { bytes, open, madeFor } = table;

describe('the bundled model', () => bundledCases(mlXgb, table, 5));

it('a model file whose own features are swapped: MODEL_FEATURE_MISMATCH, though digest and manifest agree', async () => {
  const model = JSON.parse(new TextDecoder().decode(bytes)) as { learner: { feature_names: string[] } };
  model.learner.feature_names.reverse();
  const swapped = new TextEncoder().encode(JSON.stringify(model));
  await expect(open(madeFor(swapped))).rejects.toMatchObject({ code: 'MODEL_FEATURE_MISMATCH' });
});
