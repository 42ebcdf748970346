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
  readonly #authorities = new Map<
    IssuerId,
    ShelvedAuthority & { readonly cer: Shelved; readonly pem: Shelved; readonly text: string }
  >()

  put(authority: ShelvedAuthority): void {
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
    const roots = [...this.#authorities.values()].filter(({ isRoot }) => isRoot)
    const newest = Math.max(0, ...roots.map(({ notBefore }) => notBefore.getTime()))
    const firstEnd = Math.min(...roots.map(({ notAfter }) => notAfter.getTime()))
    const pem = Buffer.concat(roots.map((root) => root.pem.body))
    return shelved(pem, new Date(newest), new Date(Number.isFinite(firstEnd) ? firstEnd : 0))
  }
}
