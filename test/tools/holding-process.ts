import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'

// Started by tests that kill it: acquires a lock on the connection it is given, tells what it has and when it asked for it, and holds it for as long as it lives.
const [, , connection = '{}', name = '', ttlMs = ''] = process.argv
const kernel = await createKernel({ version: 1, name: 'contract', connections: { main: JSON.parse(connection) as object }, ports: { 'locks.work': { on: 'main' } } }, { log: silentLog, env: {} })
const askedAtMs = Date.now()
const grant = await kernel.ports['locks.work']?.acquire({ name, ttlMs: Number(ttlMs) })
process.stdout.write(`${JSON.stringify({ ...grant, askedAtMs })}\n`)
setInterval(() => undefined, 60_000)
