import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  directory: { doc: 'The folder of the outbox; made when it is not there. One process writes to it at a time.', format: 'path' },
  maxFile: { doc: 'At this size a file is finished and the next one begun.', format: 'bytes', default: '16MiB', min: 4_096, max: 1_073_741_824 },
  maxTotal: { doc: 'At this size of all its files the outbox is full, as if the disk were.', format: 'bytes', default: '1GiB', min: 4_096 },
})
