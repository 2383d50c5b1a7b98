import { definePlugin } from '../../kernel/plugin.ts'
import { integrations, standInForm } from '../../kernel/ports/integrations/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'replay',
  port: integrations,
  summary: 'Answers from a recording, for tests',
  kernel: '^0.1.0',
  settings,
  entry: standInForm,
  async create({ settings: { file, maxSizeBytes }, binding, log }) {
    const { ReplayedPartner } = await import('./driver.ts')
    const { readRecording } = await import('./recording.ts')
    return new ReplayedPartner(await readRecording(file, maxSizeBytes, log), binding)
  },
})

export default plugin
