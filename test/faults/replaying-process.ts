import { tmpdir } from 'node:os'
import { createKernel } from '../../kernel/index.ts'

// Keeps as many calls as it is told, prints `kept`, and hands over what is kept until it is killed.
const [url = '', directory = '', count = '0'] = process.argv.slice(2)
const fallback = [{ use: 'file', with: { directory, maxFile: '8KiB', replay: { perSecond: 10_000, backoff: '10ms', maxBackoff: '50ms' } } }]
const operations = { pay: { method: 'POST', path: '/pay', idempotencyKey: true } }
const manifest = { version: 1, name: 'outbox', ports: { integrations: { use: 'http', with: { baseUrl: url }, operations, fallback } } }
const kernel = await createKernel(manifest, { directory: tmpdir(), env: {} })

for (let n = 0; n < Number(count); n++) {
  const { accepted } = await kernel.ports.integrations.call({ operation: 'pay', input: { n } })
  if (!accepted) throw new Error('the partner was to be down')
}
process.stdout.write('kept\n')
setInterval(() => undefined, 60_000)
