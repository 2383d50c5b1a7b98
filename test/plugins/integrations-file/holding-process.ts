import { createKernel } from '../../../kernel/index.ts'

// Has the folder of an outbox, prints `has it`, and does nothing until it is killed.
const [directory = ''] = process.argv.slice(2)
await createKernel({ version: 1, name: 'holder', ports: { integrations: { use: 'file', with: { directory }, operations: { charge: { method: 'POST', path: '/charges' } } } } }, { directory: '/', env: {} })
process.stdout.write('has it\n')
setInterval(() => undefined, 60_000)
