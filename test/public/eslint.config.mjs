import js from '@eslint/js'

const globalNames = [
  ...['Buffer', 'URLSearchParams', 'fetch'],
  ...['afterEach', 'describe', 'expect', 'jest', 'test'],
]

export default [
  js.configs.recommended,
  {
    files: ['**/*.js'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: Object.fromEntries(globalNames.map((name) => [name, 'readonly'])),
    },
  },
]
