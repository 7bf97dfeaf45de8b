import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyEdits, modify } from 'jsonc-parser';
import { CONFIG_FILE, type Config } from './config.js';

/**
 * Writes the allow-list into the project's configuration file, whole or not at all. The rest of the file keeps its text, to the
 * last space; a file that is not there yet is made.
 */
export function writeAllowList(config: Pick<Config, 'projectDir'>, plugins: readonly string[]): string {
  const file = join(config.projectDir, CONFIG_FILE);
  const there = statSync(file, { throwIfNoEntry: false });
  const text = there ? readFileSync(file, 'utf8') : '{}\n';
  const indent = /^([ \t]+)"/m.exec(text)?.[1] ?? '  ';
  const edits = modify(text, ['plugins'], [...plugins], {
    formattingOptions: {
      insertSpaces: !indent.startsWith('\t'),
      tabSize: indent.startsWith('\t') ? 1 : indent.length,
      eol: text.includes('\r\n') ? '\r\n' : '\n',
    },
  });
  const next = `${file}.${process.pid}.tmp`;
  writeFileSync(next, applyEdits(text, edits), there ? { mode: there.mode } : {});
  renameSync(next, file);
  return file;
}
