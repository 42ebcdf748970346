// What an API key is called, what is stored of its secret, and how far it reaches.
import { createHash } from 'node:crypto'
import type { ProjectName } from './project-name.ts'

/**
 * No key reaches further than the credential that it was made with: a certificate of an administrator opens the platform, one of
 * a member that project, and a sign-in all projects of the user.
 */
export type ApiKeyReach =
  | { readonly kind: 'platform' }
  | { readonly kind: 'project'; readonly project: ProjectName }
  | { readonly kind: 'user' }

/** Longest name of a key, in characters. */
export const MAX_API_KEY_NAME = 45

/**
 * One hash is enough, since the secret has 256 bits that nobody chose. Clients of Hopsworks know it as hex(SHA-256(secret ‖ salt)),
 * both as text.
 */
export function apiKeyHash(secret: string, salt: string): string {
  return createHash('sha256').update(secret).update(salt).digest('hex')
}
