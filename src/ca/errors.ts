// Every refusal of this folder, as one union: what a table of problems must have a row for.
import type { KeyRefused } from '../domain/key-refused.ts'
import type { KeyNotAllowed } from './allowed-key.ts'
import type { CsrRefused } from './csr-check.ts'
import type { IssueRefused } from './issue.ts'
import type { IssuerUnusable } from './issuer.ts'
import type { LintFailed } from './lint.ts'
import type { PermitSpent } from './permit.ts'
import type { PolicyRejected } from './policy/policy-rejected.ts'
import type { ValidityRefused } from './requested-validity.ts'
import type { SubjectRefused } from './subject.ts'

export type CaError =
  | PolicyRejected
  | SubjectRefused
  | ValidityRefused
  | KeyNotAllowed
  | KeyRefused
  | CsrRefused
  | LintFailed
  | PermitSpent
  | IssueRefused
  | IssuerUnusable

/** The key stores have a union of their own (`keystore/errors.ts`): their refusals are for operators, not for requests. */
export type CaErrorCode = CaError['code']
