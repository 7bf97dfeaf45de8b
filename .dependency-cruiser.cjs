/** The flow of the engine; an import may point to a room on its left, never to one on its right. */
const FLOW = ['market', 'indicators', 'features', 'strategies', 'signals', 'portfolio', 'performance'];
const CORE = '^packages/core/src/';
const against = FLOW.slice(0, -1).map((room, i) => ({
  name: `core-${room}-imports-only-what-stands-before-it`,
  severity: 'error',
  from: { path: `${CORE}${room}/`, pathNot: '\\.test\\.ts$' },
  to: { path: `${CORE}(${FLOW.slice(i + 1).join('|')}|backtest|testing)/|${CORE}(pipeline|market-state|index)\\.ts$` },
}));

module.exports = {
  forbidden: [
    ...against,
    {
      name: 'pipeline-stands-below-backtest-and-testing',
      severity: 'error',
      from: { path: `${CORE}(pipeline|market-state)\\.ts$` },
      to: { path: `${CORE}(backtest|testing)/` },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'core-knows-nobody',
      severity: 'error',
      from: { path: '^packages/core/src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/(?!core/)' },
    },
    {
      name: 'a-strategy-knows-core-and-libraries',
      severity: 'error',
      from: { path: '^(packages/strategy-[^/]+|examples/[^/]+)/', pathNot: '\\.test\\.' },
      to: { path: '^packages/(host|client|dashboard|strategy-)', pathNot: '^packages/(strategy-[^/]+)/' },
    },
    {
      name: 'the-host-knows-strategies-only-through-discovery',
      severity: 'error',
      from: { path: '^packages/host/src/' },
      to: { path: '^packages/strategy-|^examples/' },
    },
    {
      name: 'only-main-composes',
      comment: 'rooms of the host do not import the composition root; the command line starts it',
      severity: 'error',
      from: { path: '^packages/host/src/(?!cli/|index\\.ts|main)', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/host/src/(main\\.ts|cli/)' },
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      from: { pathNot: '\\.test\\.ts$' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: 'node_modules|/dist/|/bench/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'default'] },
  },
};
