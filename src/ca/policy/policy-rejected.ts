// What a policy folder answers when it is not a policy: every fault at once, so that its owner mends them in one go.
import { CodedError } from '../../domain/coded-error.ts'

/** One fault: which file, which field (a path such as `lifetime.maxSeconds.value`), and the rule that it breaks. */
export interface PolicyFault {
  readonly file: string
  readonly field: string
  readonly rule: string
}

export class PolicyRejected extends CodedError<'policy_rejected'> {
  constructor(folder: string, faults: readonly PolicyFault[]) {
    super('policy_rejected', { folder, faults: faults.map(describeFault) })
  }
}

/** `profiles/job.json: lifetime.maxSeconds.value: at least the default`. */
function describeFault(fault: PolicyFault): string {
  return `${fault.file}: ${fault.field === '' ? '(whole file)' : fault.field}: ${fault.rule}`
}
