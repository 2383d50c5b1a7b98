import { definePlugin } from '../../kernel/plugin.ts'
import { httpForm, integrations, type IntegrationDriver } from '../../kernel/ports/integrations/index.ts'
import { readProtection } from './protection.ts'
import { readMasks } from './record.ts'
import { settings } from './settings.ts'
import { readProbePath, readTarget } from './target.ts'

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
    const probePath = readProbePath(settings.probe.path)
    const { HttpPartner } = await import('./driver.ts')
    const partner = new HttpPartner({ target, settings, protection: await readProtection(settings), clock })
    onClose(() => partner.close())

    const driver = settings.record.file === undefined ? partner : await recorded(partner, settings.record.file)
    if (probePath === undefined) return driver
    const { Probe, ProbedPartner } = await import('./probe.ts')
    const { everyMs, timeoutMs, expect } = settings.probe
    const probe = new Probe({ ask: (limitMs, signal) => partner.look(probePath, limitMs, signal), everyMs, timeoutMs, expect, clock, log })
    onClose(() => probe.close())
    return new ProbedPartner(driver, probe)

    async function recorded(driver: IntegrationDriver, file: string): Promise<IntegrationDriver> {
      const masks = readMasks(settings.record.mask, settings.headers, settings.keys)
      const { RecordedPartner, Recorder } = await import('./recorder.ts')
      const recorder = await Recorder.open({ file, maxBytes: settings.record.maxSizeBytes, masks, clock, log })
      onClose(() => recorder.close())
      return new RecordedPartner(driver, recorder)
    }
  },
})

export default plugin
