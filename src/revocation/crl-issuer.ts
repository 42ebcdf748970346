// An issuer whose CRLs this process signs, and what its CRLs say beside their entries (CP §7.2; RFC 5280 §5.2).
import type { IssuerId } from '../domain/issuer-id.ts'
import type { Signer } from '../domain/signer.ts'
import type { Extension } from '../x509/extension.ts'
import { authorityKeyIdentifier } from '../x509/extensions/authority-key-identifier.ts'
import { crlNumber } from '../x509/extensions/crl-number.ts'
import { deltaCrlIndicator } from '../x509/extensions/delta-crl-indicator.ts'
import { freshestCrl } from '../x509/extensions/freshest-crl.ts'
import { issuingDistributionPoint } from '../x509/extensions/issuing-distribution-point.ts'
import type { CrlFacts } from './crl-store.ts'

export interface CrlIssuer {
  readonly id: IssuerId
  /** Its subject as its certificate encodes it, byte for byte. */
  readonly name: Uint8Array
  readonly keyIdentifier: Uint8Array
  readonly signer: Signer<'crl'>
  /** Where its delta CRL is published; undefined for a CA that has none. */
  readonly deltaUrl: string | undefined
  /** Those that are published, each with the URL that stands in its certificates. */
  readonly partitions: readonly { readonly number: number; readonly url: string }[]
}

export function crlExtensions(issuer: CrlIssuer, { scope, number, base }: CrlFacts): readonly Extension[] {
  const common = [authorityKeyIdentifier(issuer.keyIdentifier), crlNumber(number)]
  switch (scope.kind) {
    case 'full':
      return issuer.deltaUrl === undefined ? common : [...common, freshestCrl([issuer.deltaUrl])]
    case 'delta':
      if (base === undefined) throw new Error('a delta CRL without a base')
      return [...common, deltaCrlIndicator(base.number)]
    case 'partition': {
      const partition = issuer.partitions.find((known) => known.number === scope.partition)
      if (partition === undefined) throw new Error(`partition ${String(scope.partition)} is not published`)
      return [...common, issuingDistributionPoint({ uris: [partition.url], certificates: 'all' })]
    }
    default:
      return scope satisfies never
  }
}
