import type { Config } from '../config/config.js';
import { openPlan, type Plan } from './plan.js';
import { pluginTransforms } from '../plugins/transforms.js';

/** What of a configuration makes its plan. */
export type PlanSource = Pick<Config, 'projectDir' | 'plugins' | 'instruments' | 'features'>;

/** The plan of a configuration: its feature file may name transforms of allow-listed packages. @throws what {@link openPlan} throws, PLUGIN_INVALID */
export async function planOf({ projectDir, plugins, instruments, features }: PlanSource): Promise<Plan> {
  return openPlan(instruments[0], features, await pluginTransforms(projectDir, plugins));
}
