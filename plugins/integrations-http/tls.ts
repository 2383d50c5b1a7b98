import { createHash, timingSafeEqual, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { checkServerIdentity, createSecureContext, type ConnectionOptions, type PeerCertificate } from 'node:tls'
import type { SettingsOf } from '../../kernel/plugin.ts'
import type { settings as declared } from './settings.ts'

type TlsSettings = SettingsOf<typeof declared>['tls']

type Trust = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername' | 'checkServerIdentity' | 'rejectUnauthorized' | 'minVersion'>

export interface TlsOptions {
  /** To the host of baseUrl. */
  readonly own: Trust
  /** To the hosts that redirects may lead to: no certificate of ours is shown there. */
  readonly others: Trust
}

/** A certificate that is good, of a key that is not pinned. */
export class NotPinned extends Error {
  readonly code = 'TLS_KEY_NOT_PINNED'
}

/** @throws Error that says which setting is wrong; never with what stands in a key's file. */
export function readTls({ ca, certificate, key, serverName, pins, minVersion }: TlsSettings): TlsOptions {
  if ((certificate === undefined) !== (key === undefined)) throw new Error('tls.certificate and tls.key need each other')
  // Said although it is the default: NODE_TLS_REJECT_UNAUTHORIZED must not reach a partner.
  const others: Trust = { rejectUnauthorized: true, minVersion, ...(ca !== undefined && { ca: read(ca, 'tls.ca') }) }
  const shown = certificate !== undefined && key !== undefined ? { cert: read(certificate, 'tls.certificate'), key: read(key, 'tls.key') } : {}
  const own: Trust = { ...others, ...shown, ...(serverName !== undefined && { servername: serverName }), ...(pins.length > 0 && { checkServerIdentity: pinned(pins.map(readPin)) }) }
  try {
    createSecureContext(own)
  } catch (cause) {
    throw new Error('tls: the files are no PEM, or the key is not that of the certificate', { cause })
  }
  return { own, others }
}

/** Asked by Node once the chain is good, and only then. */
function pinned(pins: readonly Buffer[]): NonNullable<ConnectionOptions['checkServerIdentity']> {
  return (host: string, certificate: PeerCertificate) => {
    const wrong = checkServerIdentity(host, certificate)
    if (wrong) return wrong
    // Of its own certificate alone: what else a server sends need not stand in the chain that was checked.
    const spki = new X509Certificate(certificate.raw).publicKey.export({ type: 'spki', format: 'der' })
    const digest = createHash('sha256').update(spki).digest()
    return pins.some((pin) => timingSafeEqual(pin, digest)) ? undefined : new NotPinned('the certificate is good, and its key is not pinned')
  }
}

function readPin(pin: string): Buffer {
  const [, base64] = /^sha256\/([A-Za-z0-9+/]{43}=)$/.exec(pin) ?? []
  if (base64 === undefined) throw new Error(`tls.pins: ${JSON.stringify(pin)} is not sha256/ and 32 bytes in base64`)
  return Buffer.from(base64, 'base64')
}

function read(file: string, setting: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new Error(`${setting}: the file cannot be read`, { cause })
  }
}
