import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { filesOf } from './files.js';
import { readOptions, Stop } from './options.js';

/** The command; returns its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const options = await readOptions(args, process.stdin.isTTY && process.stderr.isTTY ? ask : null);
    const target = resolve(options.folder);
    if (existsSync(target) && readdirSync(target).length > 0)
      throw new Stop(`${target} exists and is not empty. Nothing was written; choose another name.`, 3);
    const files = filesOf(options);
    for (const [path, content] of files) {
      if (!options.dryRun) {
        const file = join(target, path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, content, { flag: 'wx' });
      }
      console.log(`${options.dryRun ? 'would write' : 'wrote'} ${join(options.folder, path)}`);
    }
    if (!options.dryRun) console.log(`\nNext:\n  cd ${options.folder}\n  npm install\n  npm test`);
    return 0;
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    (error.exitCode === 0 ? console.log : console.error)(error.message);
    return error.exitCode;
  }
}

async function ask(question: string, choices: readonly string[]): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = (await terminal.question(`${question} (${choices.join(', ')}) [${choices[0]}] `)).trim();
    return answer || choices[0]!;
  } finally {
    terminal.close();
  }
}
