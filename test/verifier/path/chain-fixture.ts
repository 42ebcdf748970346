// Chains for the tests of path validation: a CA or a leaf as it should be, with the extensions that a test replaces, adds
// or leaves out. Keys are made once; a hundred CAs need no hundred of them unless the test is about keys.
import type { DistinguishedName } from '../../../src/x509/distinguished-name.ts'
import { encodeName } from '../../../src/x509/distinguished-name.ts'
import { implicitPrimitive, integer, oid, sequence, type Der } from '../../../src/x509/der-writer.ts'
import type { Extension } from '../../../src/x509/extension.ts'
import { authorityKeyIdentifier } from '../../../src/x509/extensions/authority-key-identifier.ts'
import { basicConstraints } from '../../../src/x509/extensions/basic-constraints.ts'
import { keyUsage } from '../../../src/x509/extensions/key-usage.ts'
import { subjectAlternativeName } from '../../../src/x509/extensions/subject-alternative-name.ts'
import { subjectKeyIdentifier } from '../../../src/x509/extensions/subject-key-identifier.ts'
import { OID } from '../../../src/x509/oid.ts'
import { parsePublicKey } from '../../../src/x509/public-key.ts'
import type { TbsCertificateFields } from '../../../src/x509/tbs-certificate.ts'
import type { WritableGeneralName } from '../../../src/x509/general-name.ts'
import { type PathCertificate, readPathCertificate } from '../../../src/verifier/path/path-certificate.ts'
import { ACCEPTED_SIGNATURES, type PathSettings } from '../../../src/verifier/path/path-settings.ts'
import { ANY_POLICY } from '../../../src/verifier/path/policy-settings.ts'
import { PATH_LIMITS } from '../../../src/verifier/path/path-work.ts'
import { commonName, generateKey, makeCertificate, type TestKey } from '../../x509/fixtures.ts'

export const AT = new Date('2026-03-01T12:00:00Z')

export const SETTINGS: PathSettings = {
  at: AT,
  purpose: OID.clientAuth,
  policy: ANY_POLICY,
  conformance: 'required',
  revocation: { kind: 'none' },
  signatures: ACCEPTED_SIGNATURES,
  maxIntermediates: 8,
  limits: PATH_LIMITS,
}

export interface Entity {
  readonly name: DistinguishedName
  readonly key: TestKey
  readonly der: Uint8Array
  readonly certificate: PathCertificate
}

export interface EntityParts {
  readonly name?: string | DistinguishedName
  /** Itself when left out. */
  readonly issuer?: Pick<Entity, 'name' | 'key'>
  readonly key?: TestKey
  /** Instead of those of the same OID, or beside the usual ones. */
  readonly extensions?: readonly Extension[]
  readonly without?: readonly string[]
  readonly fields?: Partial<TbsCertificateFields>
}

const keys = new Map<number, TestKey>()

/** The same key for the same number, EC P-256. */
export function keyNumber(number: number): TestKey {
  const known = keys.get(number) ?? generateKey('ec-p256')
  keys.set(number, known)
  return known
}

export function makeCa(parts: EntityParts = {}): Entity {
  return makeEntity({ name: 'Root', key: keyNumber(1), ...parts }, [
    basicConstraints({ authority: true, pathLength: undefined }, 'critical'),
    keyUsage(['keyCertSign', 'cRLSign'], 'critical'),
  ])
}

export function makeLeaf(parts: EntityParts & { readonly names?: readonly WritableGeneralName[] } = {}): Entity {
  const { names = [{ kind: 'dns', value: 'leaf.internal' }] } = parts
  return makeEntity({ name: 'Leaf', key: keyNumber(0), ...parts }, [
    basicConstraints({ authority: false }, 'critical'),
    keyUsage(['digitalSignature'], 'critical'),
    ...(names.length === 0 ? [] : [subjectAlternativeName(names, 'non-critical')]),
  ])
}

function makeEntity(parts: EntityParts & { readonly key: TestKey }, usual: readonly Extension[]): Entity {
  const { key } = parts
  const name = typeof parts.name === 'string' ? commonName(parts.name) : (parts.name ?? [])
  const issuer = parts.issuer ?? { name, key }
  const der = makeCertificate(issuer.key, key, {
    subject: encodeName(name),
    issuer: encodeName(issuer.name),
    validity: { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z') },
    extensions: extensionsOf(parts, [
      ...usual,
      subjectKeyIdentifier(parsePublicKey(key.spki).keyIdentifier),
      authorityKeyIdentifier(parsePublicKey(issuer.key.spki).keyIdentifier),
    ]),
    ...parts.fields,
  })
  return { name, key, der, certificate: readPathCertificate(der, { maxBytes: 4 * 1024 * 1024 }) }
}

function extensionsOf({ extensions = [], without = [] }: EntityParts, usual: readonly Extension[]): Extension[] {
  const replaced = new Set([...without, ...extensions.map((each) => each.oid)])
  return [...usual.filter((each) => !replaced.has(each.oid)), ...extensions]
}

export function critical(extension: Extension): Extension {
  return { ...extension, critical: true }
}

export function nonCritical(extension: Extension): Extension {
  return { ...extension, critical: false }
}

export const unknownExtension: Extension = { oid: '2.25.7.99', critical: true, value: Uint8Array.of(5, 0) }

/** policyConstraints, policyMappings and inhibitAnyPolicy: Signet writes none, so that their encoders are here. */
export function policyConstraints(counts: { readonly explicit?: number; readonly mapping?: number }): Extension {
  const parts: Der[] = []
  if (counts.explicit !== undefined) parts.push(implicitPrimitive(0, Uint8Array.of(counts.explicit)))
  if (counts.mapping !== undefined) parts.push(implicitPrimitive(1, Uint8Array.of(counts.mapping)))
  return { oid: OID.policyConstraints, critical: true, value: sequence(...parts) }
}

export function policyMappings(...pairs: readonly (readonly [issuer: string, subject: string])[]): Extension {
  const value = sequence(...pairs.map(([issuer, subject]) => sequence(oid(issuer), oid(subject))))
  return { oid: OID.policyMappings, critical: true, value }
}

export function inhibitAnyPolicy(count: number): Extension {
  return { oid: OID.inhibitAnyPolicy, critical: true, value: integer(Uint8Array.of(count)) }
}
