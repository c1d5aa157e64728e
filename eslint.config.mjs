import js from '@eslint/js'
import tseslint from 'typescript-eslint'

const nodeGlobals = Object.fromEntries(
  [
    'Buffer',
    'URL',
    'URLSearchParams',
    'clearTimeout',
    'console',
    'fetch',
    'process',
    'setTimeout',
    'performance',
    'structuredClone',
  ].map((name) => [name, 'readonly']),
)
const browserGlobals = Object.fromEntries(
  [
    'document',
    'window',
    'fetch',
    'FormData',
    'URL',
    'URLSearchParams',
    'location',
    'setInterval',
    'clearInterval',
    'setTimeout',
    'btoa',
  ].map((name) => [name, 'readonly']),
)

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'coverage/',
      'screenshots/',
      'example/site/data/',
      'example/*/dist/',
      'test/package/fixtures/',
      'test/matrix/fixtures/types/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.mts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: [
          './tsconfig.json',
          './tsconfig.client.json',
          './test/tsconfig.json',
          './example/site/tsconfig.json',
          './tsconfig.examples.json',
        ],
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Some methods are async because their interface is; the store's and the testing kit's among them.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/only-throw-error': 'off',
    },
  },
  {
    // Code that is there to be compiled: wrong options on purpose, and framework types that compare by shape.
    files: ['test/types/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    // Code that runs in the pages of wallets, whose globals and packages have no types here.
    files: ['test/wallets/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // The examples are written as their frameworks' documentation writes them: a global `Express.User`, modules of
    // NestJS as empty classes, Passport's untyped middleware.
    files: ['example/*/server.ts'],
    rules: Object.fromEntries(
      [
        'no-confusing-void-expression',
        'no-empty-object-type',
        'no-extraneous-class',
        'no-namespace',
        'no-unnecessary-type-assertion',
        'no-unsafe-call',
        'no-unsafe-class-instance-assignment',
        'only-throw-error',
      ].map((rule) => [`@typescript-eslint/${rule}`, 'off']),
    ),
  },
  {
    files: ['example/{express,fastify,koa,connect,nest,api,agent}/*.js'],
    languageOptions: { globals: nodeGlobals },
  },
  { files: ['**/*.mjs', 'test/**/*.cjs', 'test/**/*.js'], languageOptions: { globals: nodeGlobals } },
  {
    files: ['example/**/*.js', 'test/wallets/page/*.js'],
    languageOptions: { globals: browserGlobals },
  },
)
