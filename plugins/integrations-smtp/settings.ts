import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  host: { doc: 'The relay that takes the mails: a host name, or an address.', format: 'string' },
  port: { doc: 'Its port; unless set 587 for `starttls`, 465 for `tls`, and 25 for `none`.', format: 'integer', default: null, min: 1, max: 65_535 },
  security: { doc: '`starttls`: TLS is demanded before anything is said. `tls`: from the first byte on. `none`: no TLS, and no password; for a relay on this machine.', format: ['starttls', 'tls', 'none'], default: 'starttls' },
  from: { doc: 'Whom mails are from, unless their operation says another: `Shop <shop@example.com>`.', format: 'string' },
  user: { doc: 'Whom the relay knows this program as; it logs in when this is set.', format: 'string', default: null },
  password: { doc: 'The password of that user.', format: 'string', sensitive: true, default: null },
  clientName: { doc: 'What this program calls itself to the relay (EHLO); the name of the machine unless set.', format: 'string', default: null },
  timeout: { doc: 'How long one mail may take, from the connection to the relay’s last answer.', format: 'duration', default: '30s', min: 100, max: 600_000 },
  maxMessage: { doc: 'The largest mail that is sent, as it goes over the line.', format: 'bytes', default: '1MiB', min: 1_024, max: 26_214_400 },
  maxConnections: { doc: 'How many mails are under way at once; more wait within their time.', format: 'integer', default: 5, min: 1, max: 100 },
  probeEvery: { doc: 'How long the health check goes by the last look at the relay, or the last mail that it took: a look is a login.', format: 'duration', default: '30s', min: 1_000, max: 3_600_000 },
  tls: {
    ca: { doc: 'A PEM file of the authorities to trust, in place of the usual ones.', format: 'path', default: null },
    certificate: { doc: 'A PEM file with the certificate that this program shows.', format: 'path', default: null },
    key: { doc: 'A PEM file with the key of that certificate.', format: 'path', default: null },
    serverName: { doc: 'The name that the certificate of the relay must have, when that is another than the host.', format: 'string', default: null },
    minVersion: { doc: 'The oldest version of TLS that is spoken.', format: ['TLSv1.2', 'TLSv1.3'], default: 'TLSv1.2' },
  },
})
