import { builtinModules } from 'node:module';
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import ts from 'typescript-eslint';

// Every rule that is configured here by hand has a line under test/probes that breaks it; test/gates/probes.test.ts
// fails when one of them stops biting, and when one has no such line.
//
// Paths begin with `**/` so that they hold for test/probes/src as well as for src.

// The demo's stand-in for chef-client is a program of its own as well.
const MAIN = ['**/src/apps/main.ts', '**/src/apps/*/main.ts', '**/src/apps/demo/apply.ts'];

/** Only the last of several settings of a rule counts, so what holds everywhere is added to what holds in one place. */
const restrictedSyntax = (...more) => [
  'error',
  {
    selector: 'TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]',
    message: '`as unknown as` proves nothing. Decode the value, or narrow it.',
  },
  {
    selector: 'ImportDeclaration[source.value="io-ts"] > :matches(ImportSpecifier, ImportDefaultSpecifier)',
    message: "Write `import * as t from 'io-ts'`: under plain Node its names are only found through the namespace.",
  },
  ...more,
];

const IMPORT_PATTERNS = [
  {
    regex: '^fp-ts(?!/lib/[A-Za-z]+\\.js$)',
    message: 'Write `fp-ts/lib/X.js`: plain Node finds no other path.',
  },
  { regex: '^io-ts/', message: "Only the stable module, `import * as t from 'io-ts'`." },
  {
    regex: '^\\.{1,2}(/.*)?(?<!\\.ts)$',
    message: 'A local import carries its `.ts` extension: Node runs these files as they are.',
  },
  { regex: '^signalbox(/|$)', message: 'The package does not import itself; import the file.' },
  {
    regex: `^(${builtinModules.filter((name) => !name.startsWith('_') && !name.includes(':')).join('|')})$`,
    message: 'Write the `node:` prefix.',
  },
];

const restrictedImports = (...paths) => ['error', { paths, patterns: IMPORT_PATTERNS }];

const ONLY_MAIN = 'Only a main.ts reads the process; take the value as an argument.';
const PROCESS_GLOBALS = ['process', 'globalThis', 'global'].map((name) => ({ name, message: ONLY_MAIN }));
const PROCESS_IMPORT = { name: 'node:process', message: ONLY_MAIN };

const TIME = 'Time comes in as a value (EpochMs).';
const CLOCK = 'Ask the Clock port.';
const PURE = 'The domain has no effects: it answers with data, and a shell interprets that.';

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'docs/api/', 'test/probes/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [ts.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-restricted-syntax': restrictedSyntax(),
      'no-restricted-imports': restrictedImports(),
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        // A `default` would swallow the tag that is added next year.
        { allowDefaultCaseForExhaustiveSwitch: false, considerDefaultExhaustiveForUnions: false },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `async` without `await` keeps a port's promise that what goes wrong is an answer and not a throw.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['**/src/adapters/**/*.ts', '**/src/apps/**/*.ts'],
    ignores: MAIN,
    rules: {
      'no-restricted-globals': ['error', ...PROCESS_GLOBALS],
      'no-restricted-imports': restrictedImports(PROCESS_IMPORT),
    },
  },
  {
    // A process group is signalled, and a file's owner is compared, through `process`; neither reads what it was given.
    files: ['**/src/adapters/**/*.ts'],
    rules: {
      'no-restricted-imports': restrictedImports({
        ...PROCESS_IMPORT,
        allowImportNames: ['kill', 'geteuid'],
      }),
    },
  },
  {
    files: ['**/src/apps/**/*.ts'],
    ignores: MAIN,
    rules: {
      'no-restricted-globals': ['error', ...PROCESS_GLOBALS, { name: 'Date', message: CLOCK }],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'Take it as an argument.' }],
    },
  },
  {
    files: ['**/src/ports/**/*.ts'],
    rules: {
      'no-restricted-syntax': restrictedSyntax({
        selector:
          'Program > :not([importKind="type"], [exportKind="type"], TSTypeAliasDeclaration, TSInterfaceDeclaration, VariableDeclaration[declare=true])',
        message: 'Ports are types only: nothing of them is left at run time.',
      }),
    },
  },
  {
    files: ['**/src/domain/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'Date', message: TIME },
        { name: 'performance', message: TIME },
        { name: 'Intl', message: 'What it answers depends on the machine.' },
        ...[
          'console',
          'process',
          'globalThis',
          'setTimeout',
          'setInterval',
          'setImmediate',
          'queueMicrotask',
          'Promise',
          'crypto',
          'fetch',
          'eval',
          'Function',
          'WeakRef',
          'FinalizationRegistry',
        ].map((name) => ({ name, message: PURE })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Randomness comes in as a value.' },
      ],
      'no-restricted-syntax': restrictedSyntax(
        { selector: 'TSTypeReference[typeName.name="Date"]', message: TIME },
        { selector: ':function[async=true]', message: PURE },
        {
          selector: 'Program > VariableDeclaration[kind="let"]',
          message: 'The domain remembers nothing by itself.',
        },
        {
          selector: 'MemberExpression[property.name=/^(localeCompare|toLocale.*)$/]',
          message: 'What it answers depends on the machine.',
        },
      ),
    },
  },
  {
    files: ['test/**/*.ts'],
    // fast-check and vitest are written in terms of `void | Promise<void>`.
    rules: { '@typescript-eslint/no-invalid-void-type': 'off' },
  },
  { files: ['**/*.js'], languageOptions: { globals: { URL: 'readonly' } } },
);
