import type { Options } from './options.js';

const FEATURES = { rules: '`rsi_9`', model: '`log_ret_5m`, `log_ret_1h`, `rsi_9`, `adx_14`' };

/** A README with the places that a reader looks for. */
export function readmeOf({ name, code, template }: Options): string {
  const rules = template === 'rules';
  return `# ${name}

\`${code}\`, a strategy for [Signalbox](https://github.com/signalbox/signalbox): what it does, in two sentences of yours.

## Use it

\`\`\`sh
npm install ${name}
npx --no-install signalbox plugins add ${name}
\`\`\`

## Configuration

${
  rules
    ? `| key   | type   | default | meaning                     |
| ----- | ------ | ------- | --------------------------- |
| \`far\` | number | 0.8     | RSI (0–1) from which it is far |`
    : 'None.'
}

## Features

${rules ? FEATURES.rules : FEATURES.model}

## Training

${rules ? 'Nothing is trained.' : 'Window, rows, label and measures stand in `models/model_v1.manifest.json`. The model that lies there is an example of a short training on simulated data.'}

## Costs and limits

What it must earn to pay for its trades, and when it is wrong.

## Develop

\`npm test\` holds it to the contract of Signalbox (\`@signalbox/core/testing\`) and prints what it found.
`;
}
