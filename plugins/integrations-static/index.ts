import { definePlugin } from '../../kernel/plugin.ts'
import { integrations, staticForm } from '../../kernel/ports/integrations/index.ts'

const plugin = definePlugin({
  name: 'static',
  port: integrations,
  summary: 'Answers that the manifest declares',
  kernel: '^0.1.0',
  entry: staticForm,
  async create({ keys, binding }) {
    const { StaticAnswers } = await import('./driver.ts')
    return new StaticAnswers(keys, binding)
  },
})

export default plugin
