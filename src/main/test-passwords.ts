// Passwords of users at OpenSearch's API, as test installations keep them: hashed like those of the password provider.
import type { TestPasswords } from '../http/parts.ts'
import { hashPassword, parsePasswordHash, verifyPassword } from '../signin/password-hash.ts'

export const TEST_PASSWORDS: TestPasswords = {
  hash: hashPassword,
  verify: (password, hash) => verifyPassword(password, hash === undefined ? undefined : parsePasswordHash(hash)),
}
