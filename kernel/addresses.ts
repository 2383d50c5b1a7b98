import { lookup } from 'node:dns/promises'
import { BlockList, isIP, type LookupFunction } from 'node:net'

export interface Address {
  readonly address: string
  readonly family: number
}

/** All addresses of a name. */
export type Resolve = (name: string) => Promise<readonly Address[]>

/** A name that stands for a network of our own: to connect would let its owner reach what only we can. */
export class PrivateAddress extends Error {
  constructor(name: string) {
    super(name.includes(':') || isIP(name) !== 0 ? `${name} is a private address` : `${name} resolves to a private address`)
  }
}

/** What is not of the public internet; of IPv6 only what is in use there, 2000::/3, is public at all. */
const ofOurs = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24],
  ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 3],
] as const) ofOurs.addSubnet(network, bits)
for (const [network, bits] of [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20]] as const) ofOurs.addSubnet(network, bits, 'ipv6')

const publicV6 = new BlockList()
publicV6.addSubnet('2000::', 3, 'ipv6')

/** True for a loopback, private, link-local, shared, documentation or otherwise special address, and for one that is mapped or translated into IPv6. */
export function isPrivate(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return ofOurs.check(address)
  return family !== 6 || !publicV6.check(address, 'ipv6') || ofOurs.check(address, 'ipv6')
}

export const resolveName: Resolve = (name) => lookup(name, { all: true, order: 'verbatim' })

/** Whether a private address may be connected to, and under which name. */
export type AllowsPrivate = (name: string, address: string) => boolean

const hostPattern = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/

/**
 * Which private addresses are allowed: those of the named hosts, and those in the named networks (`10.0.0.0/8`, `fd00::/8`, or one address).
 * @throws Error for an entry that is none of these.
 */
export function allowsPrivate(entries: readonly string[]): AllowsPrivate {
  const names = new Set<string>()
  const networks = new BlockList()
  for (const entry of entries) {
    const [address = '', bits, ...rest] = entry.split('/')
    const family = isIP(address)
    const width = family === 4 ? 32 : 128
    const length = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
    if (family !== 0 && length <= width && rest.length === 0) networks.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6')
    else if (hostPattern.test(entry.toLowerCase()) && !/^[\d.]+$/.test(entry)) names.add(entry.toLowerCase())
    else throw new Error(`${JSON.stringify(entry)} is no host, address or network`)
  }
  return (name, address) => names.has(name) || networks.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
}

/**
 * How a connection finds its addresses: resolved once, judged, and connected to just those, so that an answer which
 * changes between a check and the connect changes nothing. One private address that is not allowed refuses the name.
 */
export function judgedLookup(resolve: Resolve, allows: AllowsPrivate): LookupFunction {
  return (name, { all }, callback) => {
    resolve(name).then((addresses) => {
      const [first] = addresses
      if (!first) throw Object.assign(new Error(`${name} has no address`), { code: 'ENOTFOUND' })
      if (addresses.some(({ address }) => isPrivate(address) && !allows(name, address))) throw new PrivateAddress(name)
      if (all) callback(null, addresses.map(({ address, family }) => ({ address, family })))
      else callback(null, first.address, first.family)
    }).catch((error: unknown) => callback(error instanceof Error ? error : new Error('no address'), ''))
  }
}
