import { defineConfig, type OxlintOverride } from 'oxlint'

type Rules = NonNullable<OxlintOverride['rules']>

const CLOCK = 'Time is passed in, so that tests own it: take a Clock'
const SETTINGS = 'Settings are read once, in apps/*/src/config.ts, and passed on as arguments.'
const BACK_DOOR = 'It passes by the fences: use import, or import() for what is loaded late.'
const CURSOR = 'An open cursor blocks its connection, and an early return leaves it open: page by key, a short statement each.'

const drivers = {
  regex: '^(better-sqlite3|kysely|pg|pg-[a-z-]+|node:sqlite)(/|$)',
  message: 'Only packages/db opens databases. Ask a store of @talaria/db; a question that has no name yet becomes a method there.',
}
const files = {
  regex: '^(node:)?fs(/promises)?$',
  message: 'Nobody touches files behind SQLite: closing any descriptor of a database drops the locks of the process. What must be done belongs in files.ts.',
}
const timers = {
  regex: '^(node:)?timers(/promises)?$',
  importNames: ['setTimeout', 'setInterval', 'scheduler'],
  message: `${CLOCK} and wait with clock.delay(ms, signal).`,
}
const environment = { regex: '^(node:)?process$', importNames: ['env'], message: SETTINGS }
const require = { regex: '^(node:)?module$', importNames: ['createRequire'], message: BACK_DOOR }

const time = [
  { object: 'Date', property: 'now', message: `${CLOCK} and ask clock.now().` },
  { object: 'performance', property: 'now', message: `${CLOCK} and ask clock.monotonic().` },
]
const settings = [{ object: 'process', property: 'env', message: SETTINGS }]
const backDoors = [{ object: 'process', property: 'getBuiltinModule', message: BACK_DOOR }]
const cursors = ['stream', 'iterate'].map((property) => ({ property, message: CURSOR }))

const bannedImports = (...patterns: object[]): Rules => ({ 'no-restricted-imports': ['error', { patterns }] })
const bannedProperties = (...properties: object[]): Rules => ({ 'no-restricted-properties': ['error', ...properties] })
const bannedGlobals: Rules = {
  'no-restricted-globals': [
    'error',
    {
      checkGlobalObject: true,
      globals: [
        { name: 'setTimeout', message: `${CLOCK} and wait with clock.delay(ms, signal).` },
        {
          name: 'setInterval',
          message: 'An interval is a loop over clock.delay(ms, signal) whose dispose awaits the running step: see startLoop in @talaria/core.',
        },
      ],
    },
  ],
}

/**
 * What the compiler cannot see. The fences of ARCHITECTURE.md are bans whose message says what to do instead; each is
 * tested in test/src/fences. An override replaces the options of a rule, so that each place says in full what it bans.
 */
export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true, reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ['**/dist/**'],
  rules: {
    ...bannedImports(drivers, timers, environment, require),
    ...bannedProperties(...time, ...settings, ...backDoors),
    ...bannedGlobals,
    'no-console': 'error',
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/prefer-readonly': 'error',
    'unicorn/filename-case': ['error', { case: 'kebabCase' }],
    'vitest/valid-expect': ['error', { maxArgs: 2 }], // the second says what was expected of which
    'vitest/no-disabled-tests': 'error',
    'vitest/no-focused-tests': 'error',
    'vitest/expect-expect': [
      'error',
      { assertFunctionNames: ['expect', 'expect.**', 'expectTypeOf', 'fc.assert', 'execFileSync', 'until', 'expectNothingLeft'] },
    ], // those that are no expect throw
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],

    // Rules that are wrong more often than they help, tried on this code.
    'import/no-named-as-default-member': 'off', // `fc.assert` is how fast-check is written
    'no-shadow': 'off', // a callback's database is `db`, whatever is around it
    'no-underscore-dangle': 'off', // `await using _server` has no other name
    'no-unmodified-loop-condition': 'off', // does not see that a signal aborts
    'no-unused-private-class-members': 'off', // does not see that `??=` reads
    'oxc/no-async-endpoint-handlers': 'off', // Hono awaits its handlers, Express does not
    'promise/always-return': 'off', // the last step of a chain returns nothing
    'promise/no-callback-in-promise': 'off', // takes any function called `next` or `done` for Express
    'typescript/consistent-return': 'off', // the compiler checks it, and knows generators
    'typescript/no-misused-spread': 'off', // the code points of a text are what it says they are
    'typescript/no-unsafe-type-assertion': 'off', // what zod or the schema has checked is then asserted
    'typescript/unbound-method': 'off', // Kysely's expression builders are made to be taken apart
    'unicorn/consistent-function-scoping': 'off', // a function may stand where it is read
    'unicorn/no-useless-spread': 'off', // a copy is what one iterates while listeners leave
    'vitest/no-conditional-expect': 'off', // a property test expects what its model allows
  },
  overrides: [
    {
      files: ['packages/db/**'],
      rules: { ...bannedImports(files, timers, environment, require), ...bannedProperties(...cursors, ...time, ...settings, ...backDoors) },
    },
    { files: ['packages/db/src/files.ts', 'packages/db/src/location.ts'], rules: bannedImports(timers, environment, require) },
    {
      // The clock itself; and the lock between two launchers, for which nobody has a clock to pass.
      files: ['packages/core/src/clock.ts', 'packages/core/src/ensure-secrets.ts'],
      rules: { ...bannedImports(drivers, environment, require), ...bannedProperties(...settings, ...backDoors), 'no-restricted-globals': 'off' },
    },
    {
      files: ['apps/*/src/config.ts', 'apps/*/src/worker-config.ts'],
      rules: { ...bannedImports(drivers, timers, require), ...bannedProperties(...time, ...backDoors) },
    },
    { files: ['apps/cli/**'], rules: { 'no-console': 'off' } },
    {
      // What is not the product runs in real time, reads the environment it is called in, and speaks to a terminal.
      files: ['**/*.test.ts', '**/testing/**', '**/test/**', '**/bench/**', 'scripts/**', '*.config.ts'],
      rules: {
        ...bannedImports(drivers),
        'no-restricted-properties': 'off',
        'no-restricted-globals': 'off',
        'no-console': 'off',
        'import/no-unassigned-import': 'off',
      },
    },
    {
      files: ['packages/db/**/*.test.ts', 'packages/db/src/testing/**', 'packages/db/test/**', 'packages/db/bench/**'],
      rules: { 'no-restricted-imports': 'off' },
    },
    { files: ['**/testing/**'], rules: { 'typescript/no-explicit-any': 'off' } },
    { files: ['*.config.ts'], rules: { 'import/no-default-export': 'off' } },
  ],
})
