// The certificates of the CAs in the forms they are asked for, encoded once: issuers, chain under the root, trust bundle.
import type { IssuerId } from '../domain/issuer-id.ts'
import { type Shelved, shelved } from '../revocation/crl-shelf.ts'
import { encodePem } from '../x509/pem.ts'

export interface ShelvedAuthority {
  readonly id: IssuerId
  readonly isRoot: boolean
  readonly der: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
}

export class AuthorityShelf {
  readonly #authorities = new Map<IssuerId, ShelvedAuthority & { readonly cer: Shelved; readonly pem: Shelved }>()

  put(authority: ShelvedAuthority): void {
    const pem = Buffer.from(encodePem('CERTIFICATE', authority.der))
    const { notBefore, notAfter } = authority
    this.#authorities.set(authority.id, {
      ...authority,
      cer: shelved(authority.der, notBefore, notAfter),
      pem: shelved(pem, notBefore, notAfter),
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

  /** Roots only: what a relying party pins. */
  trustBundle(): Shelved {
    const roots = [...this.#authorities.values()].filter(({ isRoot }) => isRoot)
    const newest = Math.max(0, ...roots.map(({ notBefore }) => notBefore.getTime()))
    const firstEnd = Math.min(...roots.map(({ notAfter }) => notAfter.getTime()))
    const pem = Buffer.concat(roots.map((root) => root.pem.body))
    return shelved(pem, new Date(newest), new Date(Number.isFinite(firstEnd) ? firstEnd : 0))
  }
}
