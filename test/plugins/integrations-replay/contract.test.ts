import test from 'ava'
import { integrationsContract } from '../../contract/integrations.ts'
import { echo, startPartner } from '../integrations-http/partner.ts'
import { emptyFile, replay, startRecording } from './recorded.ts'

for (const { title, run } of integrationsContract) {
  test(title, async (t) => {
    const { url } = await startPartner(t, echo)
    const file = emptyFile(t)
    let close: (() => Promise<void>) | undefined
    // The case itself makes the recording that it is run on.
    await run(t, {
      via: 'http', how: 'answers',
      async open(operations) {
        const recording = await startRecording(t, url, operations, { record: { file } })
        close = recording.close
        return recording.partner
      },
    })
    await close?.()

    await run(t, { via: 'replay', how: 'answers', open: (operations) => replay(t, file, operations) })
  })
}
