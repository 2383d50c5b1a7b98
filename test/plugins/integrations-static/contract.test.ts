import { tmpdir } from 'node:os'
import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { declaredFor } from '../../contract/integrations-operations.ts'
import { integrationsContract } from '../../contract/integrations.ts'

for (const form of ['http', 'mail'] as const) {
  for (const { title, run } of integrationsContract) {
    test(`${form}: ${title}`, async (t) => {
      await run(t, {
        // An answer that breaks its schema cannot be declared.
        via: 'static', how: 'answers', form, brokenOutput: 'MANIFEST_INVALID',
        async open(operations) {
          const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: { use: 'static', operations: declaredFor(form, operations, { answer: { fixed: true } }) } } }, { directory: tmpdir(), env: {} })
          t.teardown(() => kernel.close())
          return kernel.ports.integrations
        },
      })
    })
  }
}
