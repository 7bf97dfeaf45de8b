import { Type } from '@sinclair/typebox';
import type { Comparison } from '../../inference/explain.js';
import { iso, isoOrNull } from '../respond.js';
import { route } from '../route.js';
import { Explanation } from './schemas.js';

export const explainSignal = route({
  path: '/api/signals/:id/explain',
  summary: 'What a signal was decided with, and whether it comes out again',
  description:
    '`stored_vector`: the plugin is asked again on the stored vector, in a session of its own; `as_known_then`: the features ' +
    'from what was known when it was decided; `as_known_today`: from what is known now, with what was repaired or revised ' +
    'since. `equal` is null where they cannot be compared, and `note` says why: another model serves now, the strategy keeps a ' +
    'state and the one before the bar is not stored, its answers cost, the signal came from outside. Equal is to the bit; for ' +
    'ONNX models 1e-5 and the same class. One such question is answered at a time.',
  params: Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2 ** 53 - 1 }) }, { additionalProperties: false }),
  response: Explanation,
  errors: [404],
  cost: 'heavy',
  async handler({ params }, { explainer }) {
    const { signal, storedVector, asKnownThen, asKnownToday } = await explainer.explain(params.id);
    const { featureNames, vector } = signal;
    return {
      signal_id: signal.signalId,
      strategy_code: signal.code,
      symbol: signal.symbol,
      bar_time: iso(signal.barTime),
      timestamp: iso(signal.timestamp),
      run_id: signal.runId,
      mode: signal.mode,
      origin: signal.origin,
      plugin_version: signal.pluginVersion,
      feature_hashes: { ...signal.featureHashes },
      model_sha256: signal.modelSha256,
      calendar_version: signal.calendarVersion,
      state_hash: signal.stateHash,
      data_watermark: isoOrNull(signal.dataWatermark),
      features: Object.fromEntries((featureNames ?? []).map((name, i) => [name, vector?.[i] ?? null])),
      stored_vector: body(storedVector),
      as_known_then: body(asKnownThen),
      as_known_today: body(asKnownToday),
      simulated: signal.simulated,
    };
  },
});

const body = ({ equal, differences, note }: Comparison) => ({ equal, differences: [...differences], note });
