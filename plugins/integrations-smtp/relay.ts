import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { createSecureContext, type ConnectionOptions } from 'node:tls'
import type { SettingsOf } from '../../kernel/plugin.ts'
import { isAddress, isOneLine, splitAddress, type MailAddress } from '../../kernel/ports/integrations/index.ts'
import type { settings as declared } from './settings.ts'

export type SmtpSettings = SettingsOf<typeof declared>

/** Where mails go and how, read once from the settings. */
export interface Relay {
  readonly host: string
  readonly port: number
  readonly security: 'starttls' | 'tls' | 'none'
  readonly tls: ConnectionOptions
  readonly login?: { readonly user: string; readonly pass: string }
  readonly clientName?: string
  readonly from: MailAddress
}

const ports = { starttls: 587, tls: 465, none: 25 } as const
const hostName = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,252})$/

/** @throws Error that says which setting is wrong; never with the password, or with what stands in a key's file. */
export function readRelay({ host, port, security, from, user, password, clientName, tls }: SmtpSettings): Relay {
  if (!hostName.test(host) && isIP(host) === 0) throw new Error('host must be the name of a host, or an address')
  if (clientName !== undefined && !hostName.test(clientName)) throw new Error('clientName must be the name of a host')
  if ((user === undefined) !== (password === undefined)) throw new Error('user and password need each other')
  if (user !== undefined && security === 'none') throw new Error('security: none would show the password to everybody on the way; use starttls or tls')

  return {
    host, port: port ?? ports[security], security, from: readSender(from), tls: readTls(host, tls),
    ...(user !== undefined && password !== undefined && { login: { user, pass: password } }),
    ...(clientName !== undefined && { clientName }),
  }
}

function readSender(from: string): MailAddress {
  const { name, address } = splitAddress(from)
  if (!isAddress(address) || !isOneLine(name)) throw new Error('from must be an address, such as Shop <shop@example.com>')
  return { address, ...(name !== '' && { name }) }
}

function readTls(host: string, { ca, certificate, key, serverName, minVersion }: SmtpSettings['tls']): ConnectionOptions {
  if ((certificate === undefined) !== (key === undefined)) throw new Error('tls.certificate and tls.key need each other')
  const servername = serverName ?? (isIP(host) === 0 ? host : undefined)
  const options: ConnectionOptions = {
    // Said although it is the default: NODE_TLS_REJECT_UNAUTHORIZED must not reach a relay.
    rejectUnauthorized: true, minVersion,
    ...(servername !== undefined && { servername }),
    ...(ca !== undefined && { ca: read(ca, 'tls.ca') }),
    ...(certificate !== undefined && key !== undefined && { cert: read(certificate, 'tls.certificate'), key: read(key, 'tls.key') }),
  }
  try {
    createSecureContext(options)
  } catch (cause) {
    throw new Error('tls: the files are no PEM, or the key is not that of the certificate', { cause })
  }
  return options
}

function read(file: string, setting: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new Error(`${setting}: the file cannot be read`, { cause })
  }
}
