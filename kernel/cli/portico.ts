#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// The second start reads compiled code from the cache; so everything else is imported after this line.
enableCompileCache()
const { runProcess } = await import('./process.ts')
await runProcess(process.argv.slice(2))
