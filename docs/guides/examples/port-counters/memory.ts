import { definePlugin, defineSettings } from 'portico/plugin'
import { counters } from './counters.ts'

/** A driver of the port in `counters.ts`: sums in the memory of this process. */
const plugin = definePlugin({
  name: 'memory',
  summary: 'Counters in the memory of this process',
  kernel: '^0.1.0',
  port: counters,
  settings: defineSettings({
    start: { doc: 'What a counter begins with.', format: 'integer', default: 0 },
  }),
  create({ settings }) {
    const sums = new Map<string, number>()
    return {
      read: (name) => Promise.resolve(sums.get(name)),
      add(name, by) {
        const sum = (sums.get(name) ?? settings.start) + by
        sums.set(name, sum)
        return Promise.resolve(sum)
      },
    }
  },
})

export default plugin
