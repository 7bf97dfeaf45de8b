import type { FeatureDefinition } from './config.js';
import { TRANSFORMS, type NumberStep, type Transforms } from './transforms.js';

/** The chain of a feature whose source is a number already: each step a function of one number. */
export function numberSteps(feature: FeatureDefinition, transforms: Transforms = TRANSFORMS): readonly NumberStep[] {
  return feature.transforms.map((step) => {
    const transform = transforms.get(step.name);
    if (transform?.takes !== 'number') throw new RangeError(`transform ${step.name} takes no number`);
    return transform.create(step);
  });
}
