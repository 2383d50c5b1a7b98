import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { integrationsContract } from '../../contract/integrations.ts'

for (const { title, run } of integrationsContract) {
  test(title, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'portico-outbox-'))
    t.teardown(() => rmSync(directory, { recursive: true }))
    await run(t, {
      via: 'file',
      how: 'accepts',
      async open(operations) {
        const binding = { use: 'file', with: { directory: 'outbox' }, operations }
        const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: binding } }, { directory, env: {} })
        t.teardown(() => kernel.close())
        return (kernel.ports).integrations
      },
    })
  })
}
