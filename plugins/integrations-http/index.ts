import { definePlugin } from '../../kernel/plugin.ts'
import { httpForm, integrations } from '../../kernel/ports/integrations/index.ts'
import { readProtection } from './protection.ts'
import { readMasks } from './record.ts'
import { settings } from './settings.ts'
import { readTarget } from './target.ts'

const plugin = definePlugin({
  name: 'http',
  port: integrations,
  summary: 'JSON over HTTP',
  kernel: '^0.1.0',
  sdk: { undici: '^8.12.0', jose: '^6.2.0' },
  settings,
  entry: httpForm,
  async create({ settings, clock, log, onClose }) {
    const target = readTarget(settings)
    const { HttpPartner } = await import('./driver.ts')
    const driver = new HttpPartner({ target, settings, protection: await readProtection(settings), clock })
    onClose(() => driver.close())

    const { file, mask, maxSizeBytes: maxBytes } = settings.record
    if (file === undefined) return driver
    const masks = readMasks(mask, settings.headers, settings.keys)
    const { RecordedPartner, Recorder } = await import('./recorder.ts')
    const recorder = await Recorder.open({ file, maxBytes, masks, clock, log })
    onClose(() => recorder.close())
    return new RecordedPartner(driver, recorder)
  },
})

export default plugin
