#!/usr/bin/env node
import * as module from 'node:module'

// Of a Node that is too old, nothing else may be imported: it would end in an error of the language.
if (!Reflect.has(module, 'enableCompileCache')) {
  process.stderr.write(`Portico needs Node 22.20 or later; this is ${process.version}. In a checkout, \`npx portico\` and the npm scripts run the Node that \`npm ci\` has installed.\n`)
  process.exit(1)
}

// The second start reads compiled code from the cache; so everything else is imported after this line.
module.enableCompileCache()
const { runProcess } = await import('./process.ts')
await runProcess(process.argv.slice(2))
