import test from 'ava'
import { integrationsContract } from '../../contract/integrations.ts'
import { echo, openHttp, startPartner } from './partner.ts'

for (const { title, run } of integrationsContract) {
  test(title, async (t) => {
    const { url } = await startPartner(t, echo)
    await run(t, { via: 'http', how: 'answers', open: (operations) => openHttp(t, url, operations) })
  })
}
