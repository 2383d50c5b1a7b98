import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  url: { doc: 'Where it is: `mysql://user:password@host:3306/database`.', format: 'string', sensitive: true },
  maxConnections: { doc: 'How many connections are open at most; more calls wait for one.', format: 'integer', default: 10, min: 2, max: 1_000 },
  acquireTimeout: { doc: 'How long a call waits, within its deadline, for a free connection.', format: 'duration', default: '5s', min: 1, max: 600_000 },
  connectTimeout: { doc: 'How long one connection may take to open.', format: 'duration', default: '5s', min: 1, max: 600_000 },
  connectWithin: { doc: 'How long a start tries to reach the database. Keep it below the startTimeout of the connection (30s).', format: 'duration', default: '20s', min: 1, max: 3_600_000 },
  statementTimeout: { doc: 'After so long the server ends a statement, also one whose caller is gone (MySQL: a reading one).', format: 'duration', default: '30s', min: 1_000, max: 3_600_000 },
  lockTimeout: { doc: 'How long a statement waits for a row that another transaction holds; whole seconds.', format: 'duration', default: '5s', min: 1_000, max: 3_600_000 },
  idleTimeout: { doc: 'After so long without work a connection is closed.', format: 'duration', default: '5m', min: 1_000, max: 86_400_000 },
  appName: { doc: 'What the server is told as `program_name`.', format: 'string', default: 'portico' },
  tls: {
    enabled: { doc: 'Speak TLS, and nothing else; the server’s certificate must be good and name the host.', format: 'boolean', default: false },
    ca: { doc: 'A PEM file of the authorities to trust, in place of the usual ones.', format: 'path', default: null },
    certificate: { doc: 'A PEM file with the certificate that this program shows.', format: 'path', default: null },
    key: { doc: 'A PEM file with the key of that certificate.', format: 'path', default: null },
  },
})
