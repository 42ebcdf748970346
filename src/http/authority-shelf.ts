// The certificates of the CAs in the forms they are asked for, encoded once: issuers, chain under the root, trust bundle.
import { X509Certificate } from 'node:crypto'
import { encodeTrustStore } from '../ca/keystore/key-bundle.ts'
import type { IssuerId } from '../domain/issuer-id.ts'
import { type Shelved, shelved } from '../revocation/crl-shelf.ts'
import { base64Of } from '../x509/base64.ts'
import { encodePem } from '../x509/pem.ts'

/** Java's own default. A trust store holds nothing secret; the password only lets Java notice that a file was damaged. */
const TRUST_STORE_PASSWORD = 'changeit'

/** How often a bundle is to be fetched again, at the latest. */
const SPIFFE_REFRESH_SECONDS = 3600

export interface ShelvedAuthority {
  readonly id: IssuerId
  readonly isRoot: boolean
  readonly der: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
}

export class AuthorityShelf {
  readonly #authorities = new Map<
    IssuerId,
    ShelvedAuthority & { readonly cer: Shelved; readonly pem: Shelved; readonly text: string }
  >()

  readonly #trustStores = new Map<'pkcs12' | 'jks', Promise<Shelved>>()

  put(authority: ShelvedAuthority): void {
    this.#trustStores.clear()
    const text = encodePem('CERTIFICATE', authority.der)
    const { notBefore, notAfter } = authority
    this.#authorities.set(authority.id, {
      ...authority,
      text,
      cer: shelved(authority.der, notBefore, notAfter),
      pem: shelved(Buffer.from(text), notBefore, notAfter),
    })
  }

  cer(id: IssuerId): Shelved | undefined {
    return this.#authorities.get(id)?.cer
  }

  pem(id: IssuerId): Shelved | undefined {
    return this.#authorities.get(id)?.pem
  }

  /** The issuing CA certificate under the root; a root has no chain of its own. */
  chain(id: IssuerId): Shelved | undefined {
    const authority = this.#authorities.get(id)
    return authority === undefined || authority.isRoot ? undefined : authority.pem
  }

  /** The same as text; empty for a root and for a CA that is not there. */
  chainText(id: IssuerId): string {
    const authority = this.#authorities.get(id)
    return authority === undefined || authority.isRoot ? '' : authority.text
  }

  /** Roots only: what a relying party pins. */
  trustBundle(): Shelved {
    const pem = Buffer.concat(this.#roots().flatMap((root) => [...root.pem.parts]))
    const { newest, firstEnd } = this.#life()
    return shelved(pem, newest, firstEnd)
  }

  /** The same as a key store, under `TRUST_STORE_PASSWORD`; made when it is first asked for. */
  trustStore(format: 'pkcs12' | 'jks'): Promise<Shelved> {
    const made = this.#trustStores.get(format) ?? this.#makeTrustStore(format)
    this.#trustStores.set(format, made)
    return made
  }

  async #makeTrustStore(format: 'pkcs12' | 'jks'): Promise<Shelved> {
    const { newest, firstEnd } = this.#life()
    const roots = this.#roots().map(({ id, der }) => ({ alias: id, certificate: der }))
    return shelved(await encodeTrustStore(format, roots, TRUST_STORE_PASSWORD, newest), newest, firstEnd)
  }

  /** The roots as a SPIFFE bundle (SPIFFE Trust Domain and Bundle §4): JWKs that verify X.509-SVIDs. */
  spiffeBundle(): Shelved {
    const { newest, firstEnd } = this.#life()
    const keys = this.#roots().map(({ der }) => ({
      ...new X509Certificate(der).publicKey.export({ format: 'jwk' }),
      use: 'x509-svid',
      x5c: [base64Of(der)],
    }))
    const bundle = {
      keys,
      // Rises with each root: seconds since the epoch at which the newest one began.
      spiffe_sequence: Math.floor(newest.getTime() / 1000),
      spiffe_refresh_hint: SPIFFE_REFRESH_SECONDS,
    }
    return shelved(Buffer.from(JSON.stringify(bundle)), newest, firstEnd)
  }

  #roots() {
    return [...this.#authorities.values()].filter(({ isRoot }) => isRoot)
  }

  #life(): { readonly newest: Date; readonly firstEnd: Date } {
    const roots = this.#roots()
    const newest = Math.max(0, ...roots.map(({ notBefore }) => notBefore.getTime()))
    const firstEnd = Math.min(...roots.map(({ notAfter }) => notAfter.getTime()))
    return { newest: new Date(newest), firstEnd: new Date(Number.isFinite(firstEnd) ? firstEnd : 0) }
  }
}
