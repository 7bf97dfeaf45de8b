import type { Config } from '../config/config.js';
import { openPlan, type Plan } from './plan.js';
import { pluginTransforms } from '../plugins/transforms.js';

/** The plan of a configuration: its feature file may name transforms of allow-listed packages. @throws what {@link openPlan} throws, PLUGIN_INVALID */
export async function planOf({ projectDir, plugins, instruments, features }: Config): Promise<Plan> {
  return openPlan(instruments[0], features, await pluginTransforms(projectDir, plugins));
}
