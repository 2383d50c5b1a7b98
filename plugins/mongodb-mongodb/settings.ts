import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  url: { doc: 'Where it is, `mongodb://host:27017/shop` or `mongodb+srv://…`: with user, password, and options such as `replicaSet` and `authSource`.', format: 'string', sensitive: true },
  database: { doc: 'The database, where the url names none or another is meant.', format: 'string', default: null },
  maxConnections: { doc: 'How many connections to one server are open at most; more calls wait for one.', format: 'integer', default: 100, min: 1, max: 10_000 },
  minConnections: { doc: 'How many connections are kept open when nothing happens.', format: 'integer', default: 0, min: 0, max: 10_000 },
  idleTimeout: { doc: 'After so long without work a connection is closed, where more than minConnections are open.', format: 'duration', default: '5m', min: 1_000 },
  acquireTimeout: { doc: 'How long a call waits, within its deadline, for a server that can serve it and for a free connection.', format: 'duration', default: '5s', min: 1, max: 600_000 },
  connectTimeout: { doc: 'How long one connection may take to open.', format: 'duration', default: '5s', min: 1, max: 600_000 },
  connectWithin: { doc: 'How long a start tries to reach the database. Keep it below the startTimeout of the connection (30s).', format: 'duration', default: '20s', min: 1, max: 3_600_000 },
  appName: { doc: 'What the server’s log and its list of operations call this program.', format: 'string', default: 'portico' },
  tls: {
    enabled: { doc: 'Speak TLS, and nothing else; the server’s certificate must be good and name the host.', format: 'boolean', default: false },
    ca: { doc: 'A PEM file of the authorities to trust, in place of the usual ones.', format: 'path', default: null },
    certificate: { doc: 'A PEM file with the certificate and the key that this program shows.', format: 'path', default: null },
  },
})
