import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  directory: { doc: 'The folder of the outbox; made when it is not there. One process has it at a time.', format: 'path' },
  maxFile: { doc: 'At this size a file is finished and the next one begun.', format: 'bytes', default: '16MiB', min: 4_096, max: 1_073_741_824 },
  maxTotal: { doc: 'At this size of all its files the outbox is full, as if the disk were.', format: 'bytes', default: '1GiB', min: 4_096 },
  replay: {
    enabled: { doc: 'Whether a fallback hands kept calls to the partner it stands in for, in order; false: somebody else reads the files.', format: 'boolean', default: true },
    perSecond: { doc: 'How many kept calls are made in a second at most.', format: 'integer', default: 10, min: 1, max: 10_000 },
    timeout: { doc: 'How long one of them may take.', format: 'duration', default: '30s', min: 10, max: 600_000 },
    backoff: { doc: 'How long the first of them waits after it failed; twice as long after each failure.', format: 'duration', default: '1s', min: 10, max: 3_600_000 },
    maxBackoff: { doc: 'How long it waits at most.', format: 'duration', default: '1m', min: 10, max: 86_400_000 },
  },
})
