import { expect, it } from 'vitest';
import { TEMPLATES } from './options.js';
import { strategyOf } from './strategy.js';

const PLAIN = 'Q_Q';

it.each(TEMPLATES.flatMap((template) => (['ts', 'js'] as const).map((language) => ({ template, language }))))(
  '$template, $language: whatever the code, it stands where the code stands, and nothing else changes',
  ({ template, language }) => {
    const options = { folder: 'x', name: 'x', template, language, dryRun: false };
    const plain = strategyOf({ ...options, code: PLAIN });
    expect(plain).toContain(`code: '${PLAIN}'`);
    for (const code of ['MY_NAME', 'NAME', 'PAYLOAD', 'LOAD', 'LOADER', 'FORMATS', 'PACKAGE', 'CODE', 'FEATURES'])
      expect(strategyOf({ ...options, code })).toBe(plain.replaceAll(PLAIN, code));
  },
);
