// The groups that a provider names: taken exactly as they are, or not at all. Nothing is trimmed, folded or normalised, since a
// group that looks like another is another; and nothing is left out, since a part of a set is another set. A right in a cluster is no
// group of a provider's, whatever it calls one.
import { isReviewedGroup } from '../domain/reviewed-group.ts'
import { SignInRefused } from './sign-in-errors.ts'
import type { ProvidedPerson, ProviderRules } from './sign-in-provider.ts'

/** Groups of one person. Microsoft's directories name 200 in a token and then say that there are more. */
const MAX_GROUPS = 1000

/** Longest name, in octets of UTF-8. A distinguished name in a large directory is under 400. */
const MAX_GROUP_OCTETS = 512

/** Throws `SignInRefused` (`groups_unavailable`). */
export function acceptedGroups(groups: ProvidedPerson['groups'], rules: ProviderRules): readonly string[] {
  if (groups === 'unavailable') {
    if (rules.missingGroups === 'empty') return []
    throw new SignInRefused('groups_unavailable', { provider: rules.name, why: 'the provider named no groups' })
  }
  const distinct = [...new Set(groups)]
  if (distinct.length > MAX_GROUPS || !distinct.every(isKeepable)) {
    throw new SignInRefused('groups_unavailable', {
      provider: rules.name,
      why: 'a name or the number is out of bounds',
    })
  }
  return distinct.filter((group) => !isReviewedGroup(group))
}

/** What every database gives back as it was written: no lone surrogate, no control character (PostgreSQL takes no NUL). */
function isKeepable(name: string): boolean {
  const isPlain = name.isWellFormed() && !/\p{Cc}/u.test(name)
  return isPlain && name !== '' && Buffer.byteLength(name) <= MAX_GROUP_OCTETS
}
