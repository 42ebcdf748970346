// Names are compared in order: the same parts in another order are another name.
import { attributeType } from '../subject.ts'
import type { Lint } from '../lint.ts'

export const subjectOrderOffProfile: Lint = {
  name: 'subject_order_off_profile',
  cites: 'CP §7.1.4; RFC 5280 §7.1',
  passes: ({ tbs, profile }) => {
    const wanted = profile.subject.map(({ attribute }) => attributeType(attribute))
    const found = tbs.subject.flat().map(({ type }) => type)
    // Parts that are missing or too many are other lints' business.
    const order = [...new Set(found.filter((type) => wanted.includes(type)))]
    return order.join() === wanted.filter((type) => found.includes(type)).join()
  },
}
