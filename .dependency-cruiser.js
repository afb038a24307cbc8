// Imports point inward: domain ← ports ← adapters ← apps. Every rule here has a probe under test/probes/src.

const npm = (...names) => `(^|/)node_modules/(${names.join('|')})/`;

/**
 * The one library that an adapter may speak to its part of the world with; the others have Node's own modules. That of S3
 * comes in two packages.
 */
const SDKS = {
  s3: '@aws-sdk/(client-s3|credential-providers)',
  gcs: '@google-cloud/storage',
  'artifact-format': 'tar',
};

/** What several adapters are made of, and no adapter by itself. */
const SHARED_BY_ADAPTERS = [
  'text-body',
  'durable-files',
  'artifact-format',
  'deadline',
  'chef-environment',
  'metadata-request',
];

const MAIN = ['^src/apps/main\\.ts$', '^src/apps/[^/]+/main\\.ts$'];

export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Two files that need each other are one, or three.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'An import that leads nowhere.',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared-dependencies',
      severity: 'error',
      comment: 'What is published imports only what package.json brings along.',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm', 'npm-peer'],
      },
    },
    {
      name: 'domain-inward',
      severity: 'error',
      comment: 'The domain imports the domain, fp-ts and io-ts.',
      from: { path: '^src/domain/' },
      to: { pathNot: ['^src/domain/', npm('fp-ts', 'io-ts')] },
    },
    {
      name: 'ports-inward',
      severity: 'error',
      comment: 'Ports import the domain. Who implements one needs no fp-ts.',
      from: { path: '^src/ports/' },
      to: { pathNot: ['^src/ports/', '^src/domain/'] },
    },
    {
      name: 'adapters-inward',
      severity: 'error',
      comment: 'Adapters import ports and the domain, never an app.',
      from: { path: '^src/adapters/' },
      to: { path: '^(src|test)/', pathNot: ['^src/adapters/', '^src/ports/', '^src/domain/'] },
    },
    {
      name: 'adapters-apart',
      severity: 'error',
      comment: 'An adapter knows no other; what two of them share is listed in this file.',
      from: { path: '^src/adapters/([^/]+)/' },
      to: { path: '^src/adapters/', pathNot: `^src/adapters/($1|${SHARED_BY_ADAPTERS.join('|')})/` },
    },
    {
      name: 'adapters-one-sdk',
      severity: 'error',
      comment: 'An adapter speaks to its part of the world with one library, and no other adapter uses that.',
      from: { path: '^src/adapters/', pathNot: `^src/adapters/(${Object.keys(SDKS).join('|')})/` },
      to: { path: npm('.+'), pathNot: npm('fp-ts', 'io-ts') },
    },
    ...Object.entries(SDKS).map(([adapter, sdk]) => ({
      name: `adapters-one-sdk-${adapter}`,
      severity: 'error',
      comment: `The ${adapter} adapter's library is ${sdk}.`,
      from: { path: `^src/adapters/${adapter}/` },
      to: { path: npm('.+'), pathNot: npm('fp-ts', 'io-ts', sdk) },
    })),
    {
      name: 'main-picks-adapters',
      severity: 'error',
      comment: 'Only a main.ts picks concrete adapters; the rest of an app is told its ports.',
      from: { path: '^src/apps/', pathNot: MAIN },
      to: { path: '^src/adapters/' },
    },
    {
      name: 'main-is-the-edge',
      severity: 'error',
      comment: 'Only another main.ts may import a main.ts: else its adapters come in by the back door.',
      from: { path: '^src/', pathNot: MAIN },
      to: { path: MAIN },
    },
    {
      name: 'simulator-own-world',
      severity: 'error',
      comment: 'The simulator is a world of its own: not even its main.ts picks an adapter.',
      from: { path: '^src/apps/simulator/' },
      to: { path: '^src/adapters/' },
    },
    {
      name: 'simulation-without-effects',
      severity: 'error',
      comment: 'A simulation touches nothing outside; only the command reads scenarios and writes reports.',
      from: { path: '^src/apps/simulator/', pathNot: '/(commands|find-export|find-scenario|main)\\.ts$' },
      to: { dependencyTypes: ['core'], pathNot: '^(crypto|timers(/promises)?)$' },
    },
    {
      name: 'sources-without-tests',
      severity: 'error',
      comment: 'What is published does not need what is not.',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', 'dist'] },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
