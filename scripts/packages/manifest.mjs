// What the package.json of a public package says, and what must lie in its tarball.

const REQUIRED = [
  'name',
  'version',
  'description',
  'license',
  'type',
  'engines',
  'keywords',
  'sideEffects',
  'exports',
  'files',
  'repository',
  'bugs',
  'homepage',
  'publishConfig',
];

export function* manifestProblems(manifest, folder, pack) {
  for (const key of REQUIRED) if (manifest[key] === undefined) yield `package.json has no "${key}"`;
  if (manifest.type !== 'module') yield 'type must be module';
  if (manifest.engines?.node !== '>=20.19') yield 'engines.node must be >=20.19';
  if (manifest.license !== 'Apache-2.0') yield 'license must be Apache-2.0';
  if (manifest.repository?.directory !== `packages/${folder}`) yield `repository.directory must be packages/${folder}`;
  if (manifest.publishConfig?.access !== 'public' || manifest.publishConfig?.provenance !== true)
    yield 'publishConfig must say access public, provenance true';
  if (manifest.exports?.['./package.json'] !== './package.json') yield 'exports must give ./package.json';
  for (const [entry, target] of Object.entries(manifest.exports ?? {})) {
    if (typeof target !== 'object') continue;
    const conditions = Object.keys(target);
    if (conditions.includes('types') && conditions[0] !== 'types') yield `exports "${entry}": types must come first`;
    if (!conditions.includes('default'))
      yield `exports "${entry}": a default is missing (Node 20 cannot resolve import-only exports)`;
  }
  for (const script of ['preinstall', 'install', 'postinstall'])
    if (manifest.scripts?.[script]) yield `it has a ${script} script`;
  const strategy = manifest.signalbox?.role === 'strategy';
  if (strategy !== (manifest.keywords?.includes('signalbox-strategy') ?? false))
    yield 'the keyword signalbox-strategy and the field "signalbox" go together';
  if (strategy && !manifest.peerDependencies?.['@signalbox/core']) yield '@signalbox/core must be a peer dependency';
  const paths = pack.files.map(({ path }) => path);
  for (const file of ['LICENSE', 'README.md']) if (!paths.includes(file)) yield `its tarball has no ${file}`;
  const stray = paths.find((path) => /\.map$|\.test\.|(^|\/)(src|test|bench|node_modules)\//.test(path));
  if (stray) yield `its tarball carries ${stray}`;
}
