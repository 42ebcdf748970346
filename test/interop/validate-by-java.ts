// Java's PKIX validator (`ValidatePath.java`) as a program of the tests: compiled once for a world, asked as often as is needed.
import { join } from 'node:path'
import { ran } from './program.ts'
import type { World } from './world.ts'

/** A chain, leaf first, and whose common name is expected of it. */
export type JavaCase = readonly [certificate: string, commonName: string]

export interface JavaGiven {
  /** Files, PEM. */
  readonly trust: string
  readonly crls: string
  /** From now; default: now. */
  readonly inSeconds?: number
  /** System properties: `com.sun.security.enableCRLDP=true`. */
  readonly properties?: readonly string[]
}

export function compileValidatePath(world: World): Promise<unknown> {
  return ran('javac', ['-d', world.at('classes'), join(import.meta.dirname, 'ValidatePath.java')])
}

/** One word for each: `good`, `name CN`, or the reason of the refusal. */
export async function validateByJava(world: World, cases: readonly JavaCase[], given: JavaGiven): Promise<string[]> {
  const words = cases.flatMap(([certificate, name], i) => [world.write(`java-${String(i)}.pem`, certificate), name])
  const properties = (given.properties ?? []).map((property) => `-D${property}`)
  const quickly = [...properties, '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', world.at('classes')]
  const files = [given.trust, given.crls, String(given.inSeconds ?? 0)]
  return (await ran('java', [...quickly, 'ValidatePath', ...files, ...words])).stdout.trimEnd().split('\n')
}
