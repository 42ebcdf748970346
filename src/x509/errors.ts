// Every refusal of this folder, as one union: what a table of problems must have a row for.
import type { CsrRejected } from './certification-request.ts'
import type { CrlRejected } from './crl-rejected.ts'
import type { DerRejected } from './der-rejected.ts'
import type { DistinguishedNameRejected } from './distinguished-name.ts'
import type { ExtensionRejected } from './extension.ts'
import type { GeneralNameRejected } from './general-name.ts'
import type { OcspRejected } from './ocsp-rejected.ts'
import type { PemRejected } from './pem.ts'
import type { KeyRejected } from './public-key.ts'
import type { CertificateRejected } from './tbs-certificate.ts'

export type X509Error =
  | DerRejected
  | PemRejected
  | DistinguishedNameRejected
  | GeneralNameRejected
  | ExtensionRejected
  | KeyRejected
  | CsrRejected
  | CertificateRejected
  | CrlRejected
  | OcspRejected

export type X509ErrorCode = X509Error['code']
