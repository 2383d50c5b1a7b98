import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  levels: {
    doc: 'Two drivers of this port: the first keeps copies in the process, the second has what all replicas share.',
    format: 'drivers', min: 2, max: 2, places: ['process', 'connection'],
  },
  maxStale: {
    doc: 'How long a copy is answered before it is looked up anew: also the longest that a replica can be behind when a message is lost.',
    format: 'duration', default: '10s', min: 1, max: 3_600_000,
  },
})
