import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * The house: which rooms a room may import. Arrows point one way (docs/architecture.md draws them);
 * a room that is not named here may import nothing but `errors.ts` and packages.
 */
const rooms = {
  bytes: [],
  statistics: [],
  paper: [],
  phases: ['statistics'],
  story: ['phases', 'statistics', 'paper'],
  charts: ['story', 'phases', 'statistics', 'paper', 'spectrum'],
  spectrum: ['statistics'],
  checkpoints: ['bytes'],
  hub: ['bytes', 'checkpoints'],
  corpus: ['bytes', 'statistics', 'hub'],
  models: [],
  features: ['bytes'],
  infinigram: ['bytes', 'corpus'],
  memorization: [
    ...['bytes', 'checkpoints', 'corpus', 'infinigram', 'models', 'runtime'],
    ...['spectrum', 'statistics', 'record', 'story', 'trace', 'visit'],
  ],
  runtime: ['bytes', 'models'],
  record: ['bytes', 'spectrum', 'statistics', 'phases', 'paper'],
  alerts: [],
  audit: ['bytes', 'checkpoints'],
  trace: [
    ...['alerts', 'bytes', 'checkpoints', 'hub', 'audit', 'corpus', 'features', 'models', 'runtime'],
    ...['spectrum', 'record', 'statistics'],
  ],
  visit: ['bytes', 'checkpoints', 'corpus', 'models', 'runtime', 'spectrum', 'record', 'statistics', 'trace'],
  ablation: [
    ...['bytes', 'checkpoints', 'corpus', 'models', 'runtime', 'spectrum', 'record', 'statistics'],
    ...['trace', 'visit', 'evaluation', 'paper'],
  ],
  directions: [
    ...['bytes', 'checkpoints', 'corpus', 'models', 'runtime', 'spectrum', 'record', 'statistics'],
    ...['trace', 'visit'],
  ],
  compare: ['record', 'statistics', 'spectrum', 'phases'],
  generation: ['bytes', 'corpus', 'models', 'runtime', 'record', 'statistics', 'visit'],
  evaluation: ['bytes', 'checkpoints', 'hub', 'corpus', 'models', 'runtime', 'record', 'statistics', 'story', 'visit'],
  relate: ['bytes', 'record', 'statistics', 'paper', 'story', 'evaluation'],
  training: ['bytes', 'story'],
  report: [
    ...['bytes', 'record', 'spectrum', 'statistics', 'phases', 'paper'],
    ...['ablation', 'compare', 'directions', 'evaluation', 'generation', 'memorization', 'training', 'story', 'charts'],
  ],
  server: ['bytes', 'record', 'spectrum', 'phases', 'story', 'charts', 'report'],
  cli: ['index', 'story'],
};
/** Rooms of pure mathematics: they run in a browser. */
const pure = ['spectrum', 'statistics', 'paper', 'phases', 'story', 'charts'];

const nodeGlobals = Object.fromEntries(
  ['process', 'console', 'URL', 'Buffer', 'performance', 'setInterval', 'clearInterval'].map((name) => [
    name,
    'readonly',
  ]),
);

/** The page runs in a browser: it draws with the pure rooms and knows no other. */
const page = {
  files: ['web/src/**/*.{ts,tsx}'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^(\\.\\./)+src/(?!(${pure.join('|')})/)`,
            message: `web may import only pure rooms: ${pure.join(', ')} (docs/architecture.md).`,
          },
          { regex: '^node:', message: 'The page runs in a browser: no Node modules.' },
        ],
      },
    ],
  },
};

const all = [...Object.keys(rooms), 'index'];
const direction = Object.entries(rooms).map(([room, allowed]) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^(\\.\\./)+(${all.filter((r) => r !== room && !allowed.includes(r)).join('|')})(/|\\.js$)`,
            message: `src/${room} may import only: ${allowed.join(', ') || 'nothing'} (docs/architecture.md).`,
          },
          ...(pure.includes(room) ? [{ regex: '^node:', message: `src/${room} is pure: no Node modules.` }] : []),
          ...(room !== 'bytes'
            ? [{ regex: '^node:fs', message: 'Files are read and written through src/bytes only.' }]
            : []),
        ],
      },
    ],
  },
}));

export default tseslint.config(
  {
    ignores: ['dist', 'coverage', 'sample', 'src/*/kernel/*.as.ts', 'src/*/kernel/wasm.ts', 'bench/.cache'],
  },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/prefer-literal-enum-member': 'off',
    },
  },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  { files: ['**/*.js', '**/*.mjs'], languageOptions: { globals: nodeGlobals } },
  ...direction,
  page,
);
