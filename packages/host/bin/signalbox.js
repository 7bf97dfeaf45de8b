#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const built = new URL('../dist/cli.js', import.meta.url);
if (existsSync(built)) {
  const { main } = await import(built.href);
  await main(process.argv.slice(2));
} else {
  console.error(`signalbox is not built yet · ${fileURLToPath(built)} is missing · run: npm run build`);
  process.exitCode = 70;
}
