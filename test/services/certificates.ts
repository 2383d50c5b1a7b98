import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import forge from 'node-forge'

interface Identity {
  readonly certificate: forge.pki.Certificate
  readonly keys: forge.pki.rsa.KeyPair
}

/** An authority of tests, and what it has signed, as PEM files in a folder. */
export class Authority {
  readonly #identity: Identity
  readonly #folder: string
  /** The file with its own certificate. */
  readonly ca: string

  constructor(folder: string, name: string) {
    this.#folder = folder
    this.#identity = identityOf(name, [{ name: 'basicConstraints', cA: true }, { name: 'keyUsage', keyCertSign: true }])
    this.ca = this.#write(`${name}.ca.pem`, forge.pki.certificateToPem(this.#identity.certificate))
  }

  /** Signs a certificate for a host (an IP address or a name): files of the certificate, the key, and both. */
  sign(host: string, { expired = false } = {}): { readonly certificate: string; readonly key: string; readonly both: string } {
    return this.#files(host, identityOf(host, namedBy(host), this.#identity, expired ? -1_800_000 : 3_600_000))
  }

  /** A certificate for a host that no authority has signed. */
  alone(host: string): ReturnType<Authority['sign']> {
    return this.#files(`alone.${host}`, identityOf(host, namedBy(host)))
  }

  #files(name: string, { certificate, keys }: Identity) {
    const [text, key] = [forge.pki.certificateToPem(certificate), forge.pki.privateKeyToPem(keys.privateKey)]
    return { certificate: this.#write(`${name}.pem`, text), key: this.#write(`${name}.key`, key), both: this.#write(`${name}.both.pem`, `${text}${key}`) }
  }

  #write(name: string, text: string): string {
    const path = join(this.#folder, name)
    writeFileSync(path, text)
    return path
  }
}

function namedBy(host: string): object[] {
  return [{ name: 'subjectAltName', altNames: [/^[\d.]+$/.test(host) ? { type: 7, ip: host } : { type: 2, value: host }] }]
}

function identityOf(name: string, extensions: object[], issuer?: Identity, endsInMs = 3_600_000): Identity {
  const keys = forge.pki.rsa.generateKeyPair(2_048)
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = keys.publicKey
  certificate.serialNumber = `01${randomBytes(8).toString('hex')}`
  certificate.validity.notBefore = new Date(Date.now() - 3_600_000)
  certificate.validity.notAfter = new Date(Date.now() + endsInMs)
  certificate.setSubject([{ name: 'commonName', value: name }])
  certificate.setIssuer(issuer ? issuer.certificate.subject.attributes : [{ name: 'commonName', value: name }])
  certificate.setExtensions(extensions)
  certificate.sign(issuer?.keys.privateKey ?? keys.privateKey, forge.md.sha256.create())
  return { certificate, keys }
}
