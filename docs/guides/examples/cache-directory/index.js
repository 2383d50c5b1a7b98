import { definePlugin, defineSettings } from 'portico/plugin'
import { cache } from 'portico/ports/cache'

export default definePlugin({
  name: 'directory',
  version: '1.0.0',
  port: cache,
  summary: 'A cache in a directory of files, which outlives the process',
  kernel: '^0.1.0',
  settings: defineSettings({
    directory: { doc: 'Where the files are; made when it is not there.', format: 'path' },
    maxEntries: { doc: 'How many entries there may be; the oldest go first.', format: 'integer', default: 10_000, min: 1, max: 1_000_000 },
  }),
  async create({ settings, clock, log }) {
    // Imported here, so that importing this file only tells what the plugin is.
    const { openDirectory } = await import('./driver.js')
    return openDirectory(settings, clock, log)
  },
})
