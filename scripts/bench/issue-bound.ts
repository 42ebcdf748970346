// The bound that issuing is held against: what no CA on this machine can leave out, and nothing else. In one process, on one
// core, with node:crypto: import the key of a request, verify the request's signature, sign bytes of a certificate's length.
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { makeRequest } from './certification-requests.ts'
import { readInput } from './pinned.ts'

export interface BoundOrder {
  readonly seconds: number
}

export interface BoundResult {
  readonly perSecond: number
  readonly processorMicroseconds: number
}

/** A TBSCertificate of a member with one URI, CRLDP and AIA. */
const TBS_BYTES = 560
const REQUESTS = 2_000

const { seconds } = await readInput<BoundOrder>()
const requests = Array.from({ length: REQUESTS }, makeRequest)
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const tbs = Buffer.alloc(TBS_BYTES, 0x30)

/** Runs for so long, and gives how many were done. */
function runFor(milliseconds: number): number {
  const end = performance.now() + milliseconds
  let done = 0
  while (performance.now() < end) {
    for (const { info, spki, signature } of requests.slice(0, 100)) {
      const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
      if (!verify('sha256', info, key, signature)) throw new Error('a signature of our own does not verify')
      sign('sha256', tbs, privateKey)
      done += 1
    }
  }
  return done
}

runFor(300)
const [began, used] = [performance.now(), process.cpuUsage()]
const done = runFor(seconds * 1000)
const { user, system } = process.cpuUsage(used)
const result: BoundResult = {
  perSecond: (done * 1000) / (performance.now() - began),
  processorMicroseconds: (user + system) / done,
}
console.log(JSON.stringify(result))
