// What a parser said: the code of its refusal, or `accepted`. Anything but a typed error is the test's failure.
import { CodedError } from '../../src/domain/coded-error.ts'

export function codeOf(act: () => unknown): string {
  return refusalOf(act)?.code ?? 'accepted'
}

/** The code of the deepest refusal: what the DER layer said under `csr_malformed`, say. */
export function innermostCodeOf(act: () => unknown): string {
  let refusal = refusalOf(act)
  if (refusal === undefined) return 'accepted'
  while (refusal.cause instanceof CodedError) refusal = refusal.cause
  return refusal.code
}

export function refusalOf(act: () => unknown): CodedError | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    if (error instanceof CodedError) return error
    throw error
  }
}
