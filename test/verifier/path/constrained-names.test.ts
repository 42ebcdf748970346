// Mail addresses beyond ASCII (RFC 9598 §6): what constrains mail addresses constrains them too.
import { describe, expect, test } from 'vitest'
import { constrainedNames } from '../../../src/verifier/path/constrained-names.ts'
import { allowsNames, indexConstraints, type NameSubtrees } from '../../../src/verifier/path/name-subtrees.ts'
import { contextConstructed, DerReader } from '../../../src/x509/der-reader.ts'
import { constructed, type Der, explicit, integer, oid, utf8String } from '../../../src/x509/der-writer.ts'
import { type GeneralName, parseGeneralName } from '../../../src/x509/general-name.ts'
import { OID } from '../../../src/x509/oid.ts'

function otherName(id: string, ...value: readonly Der[]): GeneralName {
  return DerReader.whole(constructed(contextConstructed(0), [oid(id), ...value]), parseGeneralName)
}

const mailbox = (text: string) => otherName(OID.smtpUtf8Mailbox, explicit(0, utf8String(text)))
const email = (value: string): GeneralName => ({ kind: 'email', value })

function subtrees(given: { permitted?: readonly GeneralName[]; excluded?: readonly GeneralName[] }): NameSubtrees {
  const index = indexConstraints({ permitted: [], excluded: [], ...given })
  if (index === undefined) throw new Error('no subtrees')
  return index
}

const allows = (name: GeneralName, given: Parameters<typeof subtrees>[0]) =>
  allowsNames([subtrees(given)], constrainedNames([], [name]), () => undefined)

describe('an SmtpUTF8Mailbox', () => {
  test.each<readonly [string, GeneralName, Parameters<typeof subtrees>[0], boolean]>([
    ['in a permitted host', mailbox('jörg@example.com'), { permitted: [email('example.com')] }, true],
    ['in another host', mailbox('jörg@example.org'), { permitted: [email('example.com')] }, false],
    ['in an excluded host', mailbox('jörg@Example.com'), { excluded: [email('example.com')] }, false],
    ['below an excluded host', mailbox('jörg@a.example.com'), { excluded: [email('.example.com')] }, false],
    [
      'beside one mailbox that is permitted',
      mailbox('jörg@example.com'),
      { permitted: [email('a@example.com')] },
      false,
    ],
    ['with a host beyond ASCII', mailbox('jörg@exämple.com'), { excluded: [email('example.com')] }, false],
    ['with no host', mailbox('jörg'), { excluded: [email('example.com')] }, false],
    ['that is none', otherName(OID.smtpUtf8Mailbox, integer(Uint8Array.of(1))), { excluded: [email('a.b')] }, false],
    [
      'with more behind it',
      otherName(OID.smtpUtf8Mailbox, explicit(0, utf8String('a@b.c')), integer(Uint8Array.of(1))),
      { permitted: [email('b.c')] },
      false,
    ],
    [
      'where only hosts are constrained',
      mailbox('jörg@example.org'),
      { permitted: [{ kind: 'dns', value: 'a.b' }] },
      true,
    ],
    ['where other names of its tag are excluded', mailbox('jörg@example.com'), { excluded: [mailbox('a@b.c')] }, false],
    [
      'of another kind',
      otherName('1.3.6.1.4.1.311.20.2.3', explicit(0, utf8String('a@example.org'))),
      { permitted: [email('example.com')] },
      true,
    ],
  ])('%s', (_, name, given, allowed) => {
    expect(allows(name, given)).toBe(allowed)
  })
})

test('a name of another tag is no mailbox', () => {
  const name: GeneralName = { kind: 'other', tag: 0xa3, encoded: Uint8Array.of(0xa3, 0) }
  expect(constrainedNames([], [name])).toEqual([name])
})
