import { expect, it } from 'vitest';
import { pluginProject } from '../../test/plugin-project.js';
import { pluginTransforms } from './transforms.js';

const project = pluginProject();

it('a package that brings transforms and is no strategy is named, not passed over; one that is not installed is', async () => {
  const only = project.install('ONLY', 'export default []', { role: undefined, transforms: './index.js' });
  await expect(pluginTransforms(project.dir, [only])).rejects.toMatchObject({
    code: 'PLUGIN_INVALID',
    message: expect.stringContaining(`${only} cannot be used: its package.json has no "signalbox"`),
  });
  const none = project.install('NONE', 'export default []', { role: undefined });
  expect(await pluginTransforms(project.dir, ['not-there', '../evil', none])).toBeUndefined();
});
