import { definePlugin, JobFailure } from 'portico/plugin'
import { queue } from 'portico/ports/queue'
import { storage } from 'portico/ports/storage'

/** Does the jobs of the queue `emails`, and keeps what was sent. */
const plugin = definePlugin({
  name: 'mails',
  summary: 'Sends mails',
  kernel: '^0.1.0',
  needs: { queue, storage },
  create: ({ needs }) => ({
    handlers: {
      emails: {
        concurrency: 5,
        async run(job, { signal, log, unit }) {
          const to = typeof job.payload === 'object' && job.payload !== null && 'to' in job.payload ? job.payload.to : undefined
          if (typeof to !== 'string' || !to.includes('@')) throw new JobFailure('no such mailbox', { code: 'SMTP_550', dead: true })

          // Here a mail would go out, with `signal`, so that it ends when the lease does, and with the job's id as its idempotency key.
          signal.throwIfAborted()
          log.info({ to }, 'sent')

          // On the connection of the queue: stored if, and only if, the job is acknowledged.
          await needs.storage.insert({ collection: 'sent', value: { job: job.id, to } }, { unit })
          return { to }
        },
      },
    },
  }),
})

export default plugin
