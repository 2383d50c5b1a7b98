import { definePlugin } from '../../kernel/plugin.ts'
import { integrations, reuseForm } from '../../kernel/ports/integrations/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'cache',
  port: integrations,
  summary: 'The last good answer to the same input',
  kernel: '^0.1.0',
  sdk: { 'lru-cache': '^11.5.0' },
  settings,
  entry: reuseForm,
  async create({ settings, keys, binding, clock }) {
    const { LastAnswers } = await import('./driver.ts')
    return new LastAnswers(settings, keys, binding, clock)
  },
})

export default plugin
