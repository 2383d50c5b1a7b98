import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  maxSize: {
    doc: 'How much memory the values, keys and tags may take together; the least recently used go first. An entry larger than this is not stored.',
    format: 'bytes', default: '64MiB', min: 4_096,
  },
  maxEntries: {
    doc: 'How many entries there may be at most, whatever their size; memory for the list is taken at start.',
    format: 'integer', default: null, min: 1, max: 10_000_000,
  },
})
