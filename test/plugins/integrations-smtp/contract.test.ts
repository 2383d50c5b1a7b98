import test from 'ava'
import { declaredFor } from '../../contract/integrations-operations.ts'
import { integrationsContract } from '../../contract/integrations.ts'
import { openSmtp, startRelay } from './relay.ts'

for (const { title, run } of integrationsContract) {
  test(title, async (t) => {
    const relay = await startRelay(t)
    await run(t, {
      via: 'smtp', how: 'answers', form: 'mail', brokenOutput: 'INTEGRATION_BAD_ANSWER', made: () => relay.delivered.length,
      open: (operations) => openSmtp(t, relay.port, declaredFor('mail', operations)),
      openAway: (operations) => openSmtp(t, 1, declaredFor('mail', operations)),
    })
  })
}
