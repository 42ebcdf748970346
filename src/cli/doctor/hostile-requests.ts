// All hostile requests: each is refused, and its twin allowed, wherever they are sent.
import { CERTIFICATE_CODINGS } from './hostile/certificate-codings.ts'
import { CONFUSED_ROUTES } from './hostile/confused-routes.ts'
import type { HostileRequest } from './hostile/hostile-request.ts'
import { REPEATED } from './hostile/repeated.ts'
import { SPOOFED } from './hostile/spoofed.ts'

export const HOSTILE_REQUESTS: readonly HostileRequest[] = [
  ...SPOOFED,
  ...REPEATED,
  ...CERTIFICATE_CODINGS,
  ...CONFUSED_ROUTES,
]
