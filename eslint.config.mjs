import tseslint from 'typescript-eslint'

const onlyIn = (name, where) => ({ name, message: `Only ${where} may import ${name}.` })

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'data/', 'docs/guides/examples/*/node_modules/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'eqeqeq': 'error',
      'no-console': 'error',
      'no-control-regex': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-restricted-syntax': ['error', { selector: 'TSEnumDeclaration', message: 'Enums are not erasable.' }],
      'max-lines': ['error', 250],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],

      // A method of an interface is asynchronous because the interface says so.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // What comes over a boundary is checked even where its type promises more than its sender keeps.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // A type parameter that stands once still ties a literal type to the declaration that gives it.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // Objects of closures are taken apart; classes keep their state in private fields, which fail loudly.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      // `Record<never, never>` says: no settings, no needs, no operations.
      '@typescript-eslint/no-generated-empty-object-type': 'off',
    },
  },
  {
    files: ['kernel/**/*.ts'],
    ignores: ['kernel/container.ts', 'kernel/server/**', 'kernel/fastify.ts', 'kernel/plugins/definition.ts', 'kernel/cli/**'],
    rules: {
      'no-restricted-imports': ['error', { paths: [onlyIn('awilix', 'kernel/container.ts'), onlyIn('fastify', 'kernel/server'), onlyIn('commander', 'kernel/cli')] }],
    },
  },
  {
    files: ['kernel/cli/**/*.ts', 'bench/**/*.ts', 'test/tools/**/*.ts', 'docs/guides/examples/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
      // Type tests name an expression and do nothing with it.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
    },
  },
)
