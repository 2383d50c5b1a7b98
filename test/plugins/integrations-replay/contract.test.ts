import test from 'ava'
import { declaredFor } from '../../contract/integrations-operations.ts'
import { integrationsContract } from '../../contract/integrations.ts'
import { echo, startPartner } from '../integrations-http/partner.ts'
import { emptyFile, replay, startRecording } from './recorded.ts'

for (const { title, run } of integrationsContract) {
  test(title, async (t) => {
    const { url } = await startPartner(t, echo)
    const file = emptyFile(t)
    const harness = { how: 'echoes', form: 'http', brokenOutput: 'INTEGRATION_BAD_ANSWER' } as const
    let close: (() => Promise<void>) | undefined
    // The case itself makes the recording that it is run on.
    await run(t, {
      ...harness, via: 'http',
      async open(operations) {
        const recording = await startRecording(t, url, declaredFor('http', operations), { record: { file } })
        close = recording.close
        return recording.partner
      },
    })
    await close?.()

    await run(t, { ...harness, via: 'replay', open: (operations) => replay(t, file, declaredFor('http', operations)) })
  })
}
