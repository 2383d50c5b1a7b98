import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  maxSize: {
    doc: 'How much memory the documents and their keys may take together; a write that would need more is refused with STORAGE_FULL.',
    format: 'bytes', default: '64MiB', min: 65_536,
  },
})
