import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { declaredFor } from '../../contract/integrations-operations.ts'
import { integrationsContract } from '../../contract/integrations.ts'
import { folder } from './folder.ts'

for (const form of ['http', 'mail'] as const) {
  for (const { title, run } of integrationsContract) {
    test(`${form}: ${title}`, async (t) => {
      const directory = folder(t)
      const lines = (name: string) => readFileSync(join(directory, name), 'utf8').split('\n').length - 1
      await run(t, {
        via: 'file', how: 'keeps', form,
        made: () => readdirSync(directory).filter((name) => name.endsWith('.ndjson')).reduce((sum, name) => sum + lines(name), 0),
        async open(operations) {
          const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: { use: 'file', with: { directory }, operations: declaredFor(form, operations) } } }, { directory: '/', env: {} })
          t.teardown(() => kernel.close())
          return kernel.ports.integrations
        },
      })
    })
  }
}
