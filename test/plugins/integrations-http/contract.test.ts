import test from 'ava'
import { declaredFor } from '../../contract/integrations-operations.ts'
import { integrationsContract } from '../../contract/integrations.ts'
import { echo, openHttp, startPartner } from './partner.ts'

for (const { title, run } of integrationsContract) {
  test(title, async (t) => {
    let made = 0
    const { url } = await startPartner(t, (request, response) => {
      made++
      echo(request, response)
    })
    await run(t, {
      via: 'http', how: 'echoes', form: 'http', brokenOutput: 'INTEGRATION_BAD_ANSWER', made: () => made,
      open: (operations) => openHttp(t, url, declaredFor('http', operations)),
      openAway: (operations) => openHttp(t, 'http://127.0.0.1:1', declaredFor('http', operations)),
    })
  })
}
