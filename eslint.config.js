// SPDX-License-Identifier: Apache-2.0
import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import tseslint from 'typescript-eslint';

// Imports go one way. Each folder of src/ lists the folders it may import from; the check in a lab
// may import only the lab interface.
const layers = {
  shared: [],
  kit: ['shared'],
  kernel: ['kit', 'shared'],
  console: ['shared'],
  silicon: ['shared'],
  roadmap: ['shared'],
  placement: ['roadmap', 'shared'],
  plan: ['roadmap', 'shared'],
  store: ['plan', 'placement', 'roadmap', 'shared'],
  machine: ['kernel', 'kit', 'shared'],
  lab: ['console', 'silicon', 'machine', 'kernel', 'kit', 'shared'],
  web: ['store', 'plan', 'placement', 'roadmap', 'lab', 'silicon', 'kernel', 'shared'],
  cli: [
    'store',
    'web',
    'plan',
    'placement',
    'roadmap',
    'lab',
    'console',
    'silicon',
    'machine',
    'kernel',
    'kit',
    'shared',
  ],
};

const layerRules = Object.entries(layers).map(([folder, allowed]) => {
  const forbidden = Object.keys(layers).filter((other) => other !== folder && !allowed.includes(other));
  return {
    files: [`src/${folder}/**/*.{ts,svelte}`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: forbidden.map((other) => ({
            regex: `^(\\.\\./)+${other}/`,
            message: `src/${folder} may import only from: ${allowed.join(', ') || 'nothing'}.`,
          })),
        },
      ],
    },
  };
});

export default tseslint.config(
  { ignores: ['**/node_modules/**'] },
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  ...svelte.configs.recommended,
  {
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      'max-lines': ['warn', { max: 300 }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/require-await': 'off',
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.svelte'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    // The site stands at the top of its origin: there is no base path to resolve.
    rules: { 'svelte/no-navigation-without-resolve': 'off' },
  },
  ...layerRules,
  {
    files: ['labs/**/*.ts'],
    ignores: ['labs/**/device.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(?!#bringup/lab$|\\./[a-z-]+\\.ts$)',
              message: 'A check imports only from #bringup/lab and files beside it.',
            },
          ],
        },
      ],
    },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
);
