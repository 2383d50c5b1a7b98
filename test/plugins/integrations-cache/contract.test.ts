import { tmpdir } from 'node:os'
import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import type { Bound } from '../../../kernel/plugin.ts'
import { declaredFor } from '../../contract/integrations-operations.ts'
import { integrationsContract } from '../../contract/integrations.ts'
import { echo, startPartner } from '../integrations-http/partner.ts'

for (const { title, run } of integrationsContract) {
  test(title, async (t) => {
    let made = 0
    let isAway = false
    const { url } = await startPartner(t, (request, response) => {
      made++
      if (isAway) response.writeHead(503).end()
      else echo(request, response)
    })
    let partner: Promise<Bound['integrations']> | undefined
    const start = async (operations: object) => {
      const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: { use: 'http', with: { baseUrl: url }, operations, fallback: [{ use: 'cache' }] } } }, { directory: tmpdir(), env: {} })
      t.teardown(() => kernel.close())
      return kernel.ports.integrations
    }
    // The case itself has the partner answer, and is run again when that is away.
    const harness = { how: 'echoes', form: 'http', open: (operations: Parameters<typeof declaredFor>[1]) => (partner ??= start(declaredFor('http', operations, { reuse: true, idempotent: true }))) } as const
    await run(t, { ...harness, via: 'http', brokenOutput: 'INTEGRATION_BAD_ANSWER', made: () => made })
    isAway = true

    // What was refused is not kept: there is nothing to stand in for the partner.
    await run(t, { ...harness, via: 'cache', standsIn: true, brokenOutput: 'INTEGRATION_PARTNER_FAILED' })
  })
}
