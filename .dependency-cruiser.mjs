/** The dependency rules of the architecture; type-only imports count. */

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Data flows one way; two files that need each other are one file, or need a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'kernel-knows-no-plugin',
      comment: 'The loader imports a plugin by its path, when the manifest uses it.',
      severity: 'error',
      from: { path: '^kernel/' },
      to: { path: '^(plugins|test|bench|docs)/' },
    },
    {
      name: 'plugin-imports',
      comment: 'A plugin imports kernel/plugin.ts, kernel/ports, its own folder and its SDK.',
      severity: 'error',
      from: { path: '^plugins/([^/]+)/' },
      to: { path: '^(kernel|plugins|test|bench|docs)/', pathNot: ['^kernel/plugin\\.ts$', '^kernel/ports/', '^plugins/$1/'] },
    },
    {
      name: 'contract-meets-bindings',
      comment: 'A contract suite meets a driver only through a binding.',
      severity: 'error',
      from: { path: '^test/contract/' },
      to: { path: '^plugins/' },
    },
    {
      name: 'ports-are-pure',
      comment: 'A port imports errors, calls, clocks, units of work, plain figures and the state machines of resilience, and no I/O.',
      severity: 'error',
      from: { path: '^kernel/ports/' },
      to: { path: '^kernel/', pathNot: ['^kernel/(errors|thrown|field-errors|ajv|json|call|clock|log)\\.ts$', '^kernel/binding/(unit|bound|meters|durations)\\.ts$', '^kernel/ports/', '^kernel/manifest/(units|suggest)\\.ts$', '^kernel/resilience/'] },
    },
    {
      name: 'pure-parts-do-no-io',
      comment: 'Ports, the plan and the error table compute; files, sockets and processes are at the edge.',
      severity: 'error',
      from: { path: '^kernel/(ports/|errors\\.ts|json\\.ts|plugins/plan\\.ts)' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|util|buffer|zlib|async_hooks)$' },
    },
    {
      name: 'stages-receive-values',
      comment: 'Only boot.ts knows every stage; a stage never imports the kernel, its container or the command line.',
      severity: 'error',
      from: { path: '^kernel/(manifest|plugins|binding|lifecycle|server|ports|workers)/' },
      to: { path: '^kernel/(boot|index|container|fastify)\\.ts$|^kernel/cli/' },
    },
    {
      name: 'manifest-is-judged-alone',
      comment: 'The manifest is read and judged as values.',
      severity: 'error',
      from: { path: '^kernel/manifest/' },
      to: { path: '^kernel/(binding|lifecycle|server|cli|workers)/' },
    },
    {
      name: 'one-file-imports-awilix',
      severity: 'error',
      from: { pathNot: '^kernel/container\\.ts$|^test/' },
      to: { path: 'node_modules/awilix/' },
    },
    {
      name: 'one-folder-imports-fastify',
      comment: 'An extension declares its routes as a Fastify plugin, so that its declaration names the type.',
      severity: 'error',
      from: { path: '^(kernel|plugins)/', pathNot: '^kernel/(server/|fastify\\.ts$|plugins/definition\\.ts$)' },
      to: { path: 'node_modules/fastify(-plugin)?/' },
    },
    {
      name: 'extensions-name-fastify-as-a-type',
      severity: 'error',
      from: { path: '^kernel/plugins/definition\\.ts$' },
      to: { path: 'node_modules/fastify/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'sdks-stay-in-drivers',
      comment: 'A backend costs nothing until a binding uses it; a driver interface may name a type of its SDK. Deliveries of a queue are no driver: they load undici with the first job.',
      severity: 'error',
      from: { path: '^kernel/', pathNot: '^kernel/workers/delivery/poster\\.ts$' },
      to: { path: 'node_modules/(better-sqlite3|knex|lru-cache|undici|pg|mysql2|mongodb|amqplib|@redis)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-undeclared-package',
      comment: 'The SDK of an optional backend is a peer, and installed here for development.',
      severity: 'error',
      from: { path: '^(kernel|plugins)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev', 'unknown'], dependencyTypesNot: ['npm-peer'], pathNot: 'node_modules/@types/' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'], extensions: ['.ts', '.js', '.mjs', '.json'] },
  },
}
