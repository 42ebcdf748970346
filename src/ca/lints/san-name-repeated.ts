// A name that stands there twice was not counted by whoever put it there.
import { hexOf } from '../../x509/hex.ts'
import type { GeneralName } from '../../x509/general-name.ts'
import type { Lint } from '../lint.ts'

export const sanNameRepeated: Lint = {
  name: 'san_name_repeated',
  cites: 'CP §7.1.4; RFC 5280 §4.2.1.6',
  passes: ({ alternativeNames }) => {
    const texts = alternativeNames.map(textOf)
    return new Set(texts).size === texts.length
  },
}

/** Equal exactly for the same name of the same kind; kinds that we never write are other lints' business. */
function textOf(name: GeneralName, at: number): string {
  if (name.kind === 'ip') return `ip:${hexOf(name.octets)}`
  return 'value' in name ? `${name.kind}:${name.value}` : String(at)
}
