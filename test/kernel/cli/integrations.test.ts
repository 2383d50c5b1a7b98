import { tmpdir } from 'node:os'
import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { main } from '../../../kernel/cli/main.ts'
import { recorder } from './recorder.ts'

test('portico integrations tells each partner of a running server, as a table and as JSON', async (t) => {
  const operations = { rate: { method: 'GET', path: '/rate', answer: { rate: 1 }, data: ['personal'] } }
  const rates = { use: 'http', with: { baseUrl: 'http://127.0.0.1:1' }, operations, policy: 'strict', fallback: [{ use: 'static', when: ['open', 'unreachable'] }] }
  const kernel = await createKernel({ version: 1, name: 'test', server: { port: 0 }, ports: { 'integrations.rates': rates, 'integrations.fixed': { use: 'static', operations } }, policies: { strict: { circuitBreaker: { failures: 1, openFor: '1h' } } } }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  const { url } = await kernel.listen()
  await kernel.ports['integrations.rates']?.call({ operation: 'rate' })

  const [table, json] = [recorder(), recorder()]
  t.is(await main(['integrations', '--url', url], table), 0)
  t.is(await main(['integrations', '--url', url, '--json'], json), 0)

  t.regex(table.written.out, /^integrations\.rates +http +degraded +INTEGRATION_UNREACHABLE \S+ +strict \(open\) +1 +personal +static \(open unreachable\)$/m)
  t.regex(table.written.out, /^integrations\.fixed +static +ok +1 +personal$/m)
  t.like(JSON.parse(json.written.out), { integrations: [{ binding: 'integrations.rates', degraded: true }, { binding: 'integrations.fixed', degraded: false }] })
})
