// What the structure of an input can be refused for. Entry points turn these into the one code of what they parse
// (`csr_malformed`, `certificate_malformed`, `crl_malformed`, `ocsp_request_malformed`…), and keep the cause.
import { DerRejected } from './der-rejected.ts'
import { DistinguishedNameRejected } from './distinguished-name.ts'
import { ExtensionRejected } from './extension.ts'
import { GeneralNameRejected } from './general-name.ts'

export type StructureRejected = DerRejected | DistinguishedNameRejected | ExtensionRejected | GeneralNameRejected

/** Runs `parse`; a refusal of structure is thrown as what `refuse` makes of it, anything else as it is. */
export function parseStructure<T>(parse: () => T, refuse: (cause: StructureRejected) => Error): T {
  try {
    return parse()
  } catch (error) {
    throw isStructureRejected(error) ? refuse(error) : error
  }
}

function isStructureRejected(error: unknown): error is StructureRejected {
  return (
    error instanceof DerRejected ||
    error instanceof DistinguishedNameRejected ||
    error instanceof ExtensionRejected ||
    error instanceof GeneralNameRejected
  )
}
