import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  url: { doc: 'Where it is: `redis://user:password@host:6379/0`, or `rediss://…` for TLS. The number is the database, 0 unless given.', format: 'string', sensitive: true },
  prefix: { doc: 'Begins every key. Applications that share a database need one each.', format: 'string', default: 'portico' },
  maxPending: { doc: 'How many calls may wait for their answers; more are refused (DATABASE_BUSY).', format: 'integer', default: 10_000, min: 1, max: 1_000_000 },
  connectTimeout: { doc: 'How long one connection may take to open.', format: 'duration', default: '5s', min: 1, max: 600_000 },
  connectWithin: { doc: 'How long a start tries to reach the server. Keep it below the startTimeout of the connection (30s).', format: 'duration', default: '20s', min: 1, max: 3_600_000 },
  stallTimeout: { doc: 'A connection that has said nothing for so long while calls wait is closed, and opened anew.', format: 'duration', default: '10s', min: 100, max: 600_000 },
  clientName: { doc: 'What the server’s list of clients calls this program.', format: 'string', default: 'portico' },
  tls: {
    enabled: { doc: 'Speak TLS, and nothing else, as `rediss://` does; the server’s certificate must be good and name the host.', format: 'boolean', default: false },
    ca: { doc: 'A PEM file of the authorities to trust, in place of the usual ones.', format: 'path', default: null },
    certificate: { doc: 'A PEM file with the certificate that this program shows.', format: 'path', default: null },
    key: { doc: 'A PEM file with the key of that certificate.', format: 'path', default: null },
  },
})
