// An AdmissionReview as the body of a check (row A16): whoever asks with one is answered with one. Kubernetes admission.k8s.io.
//
// It decides nothing, and the status stays that of the decision, where Kubernetes expects 200 for a refusal too: a proxy that sends its
// client's body along would take such a 200 for a yes. An API server takes the other status for a failed webhook (`failurePolicy: Fail`).
import type { CallAnswer } from '../proxies/call-answer.ts'
import { REASONS } from '../access/reasons.ts'

export interface AdmissionQuestion {
  readonly apiVersion: string
  readonly uid: string
}

const KIND = 'AdmissionReview'
const API_VERSIONS: ReadonlySet<unknown> = new Set(['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'])
/** API servers send UUIDs; anything else is not echoed. */
const UID = /^[A-Za-z0-9-]{1,64}$/

/** Undefined for every other body. */
export function admissionQuestion(bytes: Uint8Array): AdmissionQuestion | undefined {
  // Most bodies are none, and some are large.
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(KIND)) return undefined
  const review = membersOf(parsed(bytes))
  const [apiVersion, uid] = [review.get('apiVersion'), membersOf(review.get('request')).get('uid')]
  if (review.get('kind') !== KIND || !API_VERSIONS.has(apiVersion)) return undefined
  return typeof apiVersion === 'string' && typeof uid === 'string' && UID.test(uid) ? { apiVersion, uid } : undefined
}

/** The JSON text of the answer. */
export function admissionAnswer({ apiVersion, uid }: AdmissionQuestion, { reason, status }: CallAnswer): string {
  const refusal = { status: 'Failure', code: status, reason, message: REASONS[reason].advice }
  const response = status === 200 ? { uid, allowed: true } : { uid, allowed: false, status: refusal }
  return JSON.stringify({ apiVersion, kind: KIND, response })
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

function membersOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])
}
