// The CA generations that OCSP answers for, found by the hashes with which a CertID names them (RFC 6960 §4.1.1).
import type { IssuerId } from '../domain/issuer-id.ts'
import type { SerialNumber } from '../domain/serial-number.ts'
import { hexOf } from '../x509/hex.ts'
import { CERT_ID_HASHES, issuerHashes, type CertId, type CertIdIssuer } from '../x509/ocsp-cert-id.ts'
import type { OcspSigner } from './make-ocsp-response.ts'

export interface OcspIssuer extends CertIdIssuer {
  readonly id: IssuerId
  /** Of its own certificate. */
  readonly serial: SerialNumber
  readonly notAfter: Date
  /** The responder that it has certified. */
  readonly signer: () => Promise<OcspSigner>
}

export class OcspIssuers {
  readonly #byHashes = new Map<string, OcspIssuer>()

  constructor(issuers: Iterable<OcspIssuer>) {
    for (const issuer of issuers) {
      for (const hash of CERT_ID_HASHES) this.#byHashes.set(`${hash}:${issuerHashes(hash, issuer)}`, issuer)
    }
  }

  /** The one issuer of all of them; undefined when one is not ours, or they have several. */
  issuerOf(certIds: readonly CertId[]): OcspIssuer | undefined {
    const [first, ...others] = certIds.map((id) => this.#find(id))
    return others.every((other) => other === first) ? first : undefined
  }

  #find({ hash, issuerNameHash, issuerKeyHash }: CertId): OcspIssuer | undefined {
    return this.#byHashes.get(`${hash}:${hexOf(issuerNameHash)}${hexOf(issuerKeyHash)}`)
  }
}
