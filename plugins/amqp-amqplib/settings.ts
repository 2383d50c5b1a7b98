import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  url: { doc: 'Where it is: `amqp://user:password@host:5672/vhost`, or `amqps://…` for TLS; without a vhost it is `/`.', format: 'string', sensitive: true },
  heartbeat: { doc: 'A connection on which nothing came for two to three times this long is dead.', format: 'duration', default: '5s', min: 1_000, max: 600_000 },
  connectTimeout: { doc: 'How long one connection may take to open.', format: 'duration', default: '5s', min: 1, max: 600_000 },
  connectWithin: { doc: 'How long a start tries to reach the broker. Keep it below the startTimeout of the connection (30s).', format: 'duration', default: '20s', min: 1, max: 3_600_000 },
  acquireTimeout: { doc: 'How long a call waits, within its deadline, for a lost connection to come back.', format: 'duration', default: '5s', min: 1, max: 600_000 },
  channels: { doc: 'On how many channels messages are taken at once.', format: 'integer', default: 4, min: 1, max: 100 },
  maxUnconfirmed: { doc: 'How many published messages wait for the broker’s confirmation at most; what comes then is refused as busy.', format: 'integer', default: 10_000, min: 1, max: 1_000_000 },
  maxUnconfirmedSize: { doc: 'How large those may be together.', format: 'bytes', default: '64MiB', min: 1_024 },
  maxHold: { doc: 'How long a message may be held unacknowledged. Keep it below the broker’s `consumer_timeout` (30m), which closes the channel.', format: 'duration', default: '25m', min: 1_000, max: 86_400_000 },
  appName: { doc: 'What the broker’s list of connections calls this program.', format: 'string', default: 'portico' },
  tls: {
    ca: { doc: 'A PEM file of the authorities to trust, in place of the usual ones.', format: 'path', default: null },
    certificate: { doc: 'A PEM file with the certificate that this program shows.', format: 'path', default: null },
    key: { doc: 'A PEM file with the key of that certificate.', format: 'path', default: null },
  },
})
