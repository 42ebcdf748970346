// Each part of a name has the shape that its profile gives it: a common name that splits in two ways is two people.
import { attributeValues } from '../../x509/distinguished-name.ts'
import { attributeType } from '../subject.ts'
import { statedFacts } from '../stated-names.ts'
import type { Lint } from '../lint.ts'

export const subjectValueOffTemplate: Lint = {
  name: 'subject_value_off_template',
  cites: 'CP §3.1; RFC 5280 §4.1.2.6',
  passes: (subject) =>
    subject.profile.subject.every(({ attribute, template }) =>
      attributeValues(subject.tbs.subject, attributeType(attribute)).every(
        (value) => statedFacts(template, value, subject) !== undefined,
      ),
    ),
}
