import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A project of one's own with packages in its node_modules, written as third parties would, without a build. */
export interface PluginProject {
  readonly dir: string;
  /** Installs a package that exports this module. @returns its name */
  install(code: string, module: string, metadata?: object): string;
}

export function pluginProject(): PluginProject {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'signalbox-plugins-')));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'package.json'), '{"name":"desk","private":true}');
  return {
    dir,
    install(code, module, metadata = {}) {
      const name = `strategy-${code.toLowerCase().replaceAll('_', '-')}`;
      const folder = join(dir, 'node_modules', name);
      mkdirSync(folder, { recursive: true });
      writeFileSync(
        join(folder, 'package.json'),
        JSON.stringify({
          name,
          version: '1.0.0',
          type: 'module',
          exports: { '.': './index.js', './package.json': './package.json' },
          signalbox: { role: 'strategy', code, apiVersion: 1, ...metadata },
        }),
      );
      writeFileSync(join(folder, 'index.js'), module);
      return name;
    },
  };
}

/** A module whose strategy does this on each bar; `n` counts bars from 1, `saved` is what was restored. */
export function strategyModule(
  code: string,
  onBar: string,
  extra: { definition?: string; session?: string } = {},
): string {
  return `import fs from 'node:fs';
export const framed = (value) => { const body = Buffer.from(JSON.stringify(value)); const head = Buffer.alloc(4); head.writeUInt32LE(body.length); return Buffer.concat([head, body]); };
export default Object.freeze({
  $$type: '@signalbox/Strategy', code: '${code}', name: '${code}', type: 'ML', apiVersion: 1, features: ['rsi_9'],
  config: { type: 'object', properties: {}, additionalProperties: false },
  ${extra.definition ?? ''}
  create({ saved, log, random }) {
    let n = saved?.n ?? 0;
    return { async onBar(view, turn) { n++; ${onBar} }, ${extra.session ?? ''} };
  },
});`;
}

/** What goes wrong in the field, and on purpose; each misbehaves on every bar from the third on. */
export const ZOO: Readonly<Record<string, string>> = {
  BAD_THROW: `throw new Error('boom')`,
  BAD_LATE: `setTimeout(() => { throw new Error('later') }, 1)`,
  BAD_LOOP: `for (;;);`,
  BAD_PENDING: `return new Promise(() => {})`,
  BAD_REGEX: `/^(a+)+$/.test('a'.repeat(50) + 'b')`,
  BAD_HEAP: `const kept = []; for (;;) kept.push({ n: kept.length })`,
  BAD_BUFFERS: `const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1))`,
  BAD_EXIT: `process.exit(3)`,
  BAD_ABORT: `process.abort()`,
  BAD_KILL: `process.kill(process.pid, 'SIGKILL')`,
  BAD_STDOUT: `for (;;) console.log('x'.repeat(1000))`,
  BAD_LOG: `for (;;) log('x'.repeat(1000))`,
  BAD_BYTES: `fs.writeSync(3, 'neither length nor JSON')`,
  BAD_LENGTH: `fs.writeSync(3, Buffer.from([255, 255, 255, 255]))`,
  BAD_FORGED: `fs.writeSync(3, framed({ kind: 'answer', id: 1e9, opinion: { signal: 'long', confidence: 1, reasoning: '' }, fault: null, state: null }))`,
  BAD_FLOOD: `for (;;) { try { fs.writeSync(3, framed({ kind: 'log', message: 'x' })) } catch {} }`,
  BAD_CLOSED: `fs.closeSync(3)`,
  BAD_JUNK: `return { signal: 'up', confidence: NaN, reasoning: 7 }`,
  BAD_STATE: `n = 'x'.repeat(3_000_000)`,
};
/** These are odd, and no fault: they are bounded and served. */
export const ODD: Readonly<Record<string, string>> = {
  ODD_POLLUTION: `Object.prototype.polluted = true; Array.prototype.map = null; return JSON.parse('{"__proto__":{"signal":"long"},"signal":"flat","reasoning":"polluted"}')`,
  ODD_WORDS: `return { signal: 'flat', reasoning: 'x'.repeat(20_000_000) }`,
  ODD_TEXT: `return { signal: 'flat', reasoning: 'nul \\u0000 half \\ud800 end' }`,
};
