// `npm run packages:check`: holds every public package to what its users count on: its manifest, what `npm pack` puts into it, its
// types in every resolution (publint, attw), its size, and its public face, which is committed in docs/api. Needs built packages.
// `--write` accepts the present public face.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { publicFace } from './packages/api.mjs';
import { manifestProblems } from './packages/manifest.mjs';

const root = join(import.meta.dirname, '..');
const write = process.argv.includes('--write');
const KB = 1000;
/** Unpacked, in bytes. The client's types grow with the routes of the host; its limit is for the rest. */
const PACKED_LIMITS = {
  '@signalbox/core': 400 * KB,
  '@signalbox/gbdt': 100 * KB,
  '@signalbox/client': 40 * KB,
  '@signalbox/onnx': 100 * KB,
  '@signalbox/strategy-ensemble': 40 * KB,
};
const NOT_COUNTED = { '@signalbox/client': /\.d\.ts$/ };
/** One import, bundled and minified, in bytes. */
const BUNDLE_LIMITS = [
  ['@signalbox/core', "import { Rsi } from '@signalbox/core/indicators'; globalThis.x = Rsi;", 2 * KB],
  ['@signalbox/core', "import { defineStrategy } from '@signalbox/core'; globalThis.x = defineStrategy;", 12 * KB],
  ['@signalbox/gbdt', "import { loadLightGBM } from '@signalbox/gbdt'; globalThis.x = loadLightGBM;", 40 * KB],
];
/** Run in browsers too: nothing of Node, nothing native. */
const EVERYWHERE = ['core', 'gbdt', 'onnx', 'client', 'strategy-ensemble', 'strategy-ml-xgb', 'strategy-ml-lgbm'];
/** An ESM-only package is what `require` of Node 20.19 loads; older resolution is not served. */
const EXPECTED = new Set(['CJSResolvesToESM', 'NoResolution:node10', 'UntypedResolution']);

const problems = [];
const report = (name, text) => problems.push(`${name}: ${text}`);

const packages = readdirSync(join(root, 'packages')).flatMap((folder) => {
  const dir = join(root, 'packages', folder);
  const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
  return manifest.private ? [] : [{ folder, dir, manifest, name: manifest.name }];
});

const out = mkdtempSync(join(tmpdir(), 'signalbox-pack-'));
try {
  const args = ['pack', '--json', '--pack-destination', out, ...packages.flatMap(({ name }) => ['-w', name])];
  const packed = JSON.parse(
    execFileSync('npm', args, {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 << 20,
      stdio: ['ignore', 'pipe', 'ignore'],
      shell: process.platform === 'win32',
    }),
  );
  const sizes = [];
  for (const { folder, dir, manifest, name } of packages) {
    const pack = packed.find((one) => one.name === name);
    for (const problem of manifestProblems(manifest, folder, pack)) report(name, problem);
    const counted = pack.files.filter(({ path }) => !NOT_COUNTED[name]?.test(path));
    const size = counted.reduce((sum, file) => sum + file.size, 0);
    sizes.push([name, size, PACKED_LIMITS[name]]);
    if (size > (PACKED_LIMITS[name] ?? Infinity))
      report(name, `unpacked it has ${size} bytes, its limit is ${PACKED_LIMITS[name]}`);
    const tarball = readFileSync(join(out, pack.filename));
    await checkPublint(name, tarball);
    if (manifest.exports['.']?.types) await checkTypes(name, tarball);
    if (EVERYWHERE.includes(folder)) checkEverywhere(name, dir, pack);
    checkFace(name, folder, dir, manifest);
  }
  for (const [name, code, limit] of BUNDLE_LIMITS) {
    const size = await bundledSize(code);
    sizes.push([code.slice(0, code.indexOf(';')), size, limit]);
    if (size > limit) report(name, `"${code}" bundles to ${size} bytes, its limit is ${limit}`);
  }
  for (const [what, size, limit] of sizes)
    console.log(
      `${String(size).padStart(9)} bytes${limit ? ` of ${String(limit).padStart(7)}` : '           '}  ${what}`,
    );
} finally {
  rmSync(out, { recursive: true, force: true });
}
for (const problem of problems) console.error(`✖ ${problem}`);
console.log(problems.length > 0 ? `${problems.length} problems` : `${packages.length} packages are well`);
process.exitCode = problems.length > 0 ? 1 : 0;

async function checkPublint(name, tarball) {
  const data = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: data }, strict: true });
  for (const message of messages) report(name, `publint: ${formatMessage(message, pkg, { color: false })}`);
}

async function checkTypes(name, tarball) {
  const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)), {
    excludeEntrypoints: [/\.(json|html|css)$/, /\*/],
  });
  for (const problem of analysis.problems ?? []) {
    const key = problem.resolutionKind ? `${problem.kind}:${problem.resolutionKind}` : problem.kind;
    if (!EXPECTED.has(problem.kind) && !EXPECTED.has(key)) report(name, `attw: ${key} ${problem.entrypoint ?? ''}`);
  }
}

function checkEverywhere(name, dir, pack) {
  for (const { path } of pack.files) {
    if (/\.(node|wasm|so|dylib|dll|gyp)$/.test(path)) report(name, `ships ${path}, which is native`);
    if (!path.startsWith('dist/') || !path.endsWith('.js')) continue;
    const found = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\()["'](node:[^"']+|fs|path|crypto|os)["']/.exec(
      readFileSync(join(dir, path), 'utf8'),
    );
    if (found) report(name, `${path} imports ${found[1]}; it runs in browsers too`);
  }
}

function checkFace(name, folder, dir, manifest) {
  for (const [entry, target] of Object.entries(manifest.exports)) {
    if (!target?.types) continue;
    const face = `${name}${entry.slice(1)}`;
    const file = join(root, 'docs/api', `${folder}${entry === '.' ? '' : `-${entry.slice(2)}`}.d.ts.txt`);
    const now = `// What ${face} exports. Written by \`npm run packages:accept\`; a change here is a change for its users.\n\n${publicFace(join(dir, target.types))}`;
    let committed = '';
    try {
      committed = readFileSync(file, 'utf8');
    } catch {
      // a new entry
    }
    if (committed === now) continue;
    if (write) {
      mkdirSync(join(root, 'docs/api'), { recursive: true });
      writeFileSync(file, now);
      console.log(`written: docs/api of ${face}`);
    } else report(name, `the public face of ${face} has changed. See it, then: npm run packages:accept`);
  }
}

async function bundledSize(code) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
    external: ['ajv'],
  });
  return outputFiles[0].contents.length;
}
