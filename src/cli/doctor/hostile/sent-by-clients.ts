// All that a client can send at a proxy from outside: the client's rows of the table of hostile requests, what a proxy would tell,
// said by a client, and lies that only an echo at the model server shows.
import { EMITTED_IDENTITY_HEADERS, FOREIGN_IDENTITY_HEADERS } from '../../../proxies/identity-headers.ts'
import { HOSTILE_REQUESTS } from '../hostile-requests.ts'
import {
  add,
  type Call,
  type HostileRequest,
  type HostileWorld,
  MARK,
  plainCall,
  row,
  type Sender,
  set,
} from './hostile-request.ts'

const TELLERS = ['xfcc', 'client-cert', 'nginx', 'traefik', 'caddy', 'haproxy'] as const satisfies readonly Sender[]

/** Also what a proxy would tell: from a client without a certificate it is the text of one, and worth nothing (trap 2). */
function ofProxies(): readonly HostileRequest[] {
  const ofProxies = HOSTILE_REQUESTS.filter(({ from }) => from !== 'client' && from !== 'envoy-grpc')
  const truths = TELLERS.map((from): HostileRequest => ({
    trap: 2,
    from,
    name: "the caller's own certificate",
    refused: 'certificate: not-vouched',
    hostile: (world) => plainCall(from, world),
    twin: (world) => plainCall('client', world),
  }))
  return [...truths, ...ofProxies].map((row): HostileRequest => ({
    ...row,
    trap: row.trap === 5 ? 5 : 2,
    name: `as ${row.from} would tell it: ${row.name}`,
    twin: (world) => plainCall('client', world),
    refused: 'credentials: missing',
  }))
}

type Change = (call: Call, world: HostileWorld) => Call

/** Trap 8, where a header says which model is meant. */
const AT_GATEWAYS: readonly (readonly [name: string, change: Change])[] = [
  ['a gateway is told no model', (call) => call],
  ['a gateway is told an empty model', (call, { modelHeader }) => add(call, [modelHeader, ''])],
  [
    'a gateway is told a model in the query alone',
    (call, { model }) => ({ ...call, target: `${call.target}?model=${model}` }),
  ],
  [
    'a gateway is told a model in another spelling',
    (call, { modelHeader, model }) => add(call, [modelHeader.replaceAll('-', '_'), model]),
  ],
]

function ofGateways(): readonly HostileRequest[] {
  return AT_GATEWAYS.map(([name, change]) => {
    const at = (world: HostileWorld): Call => set(plainCall('client', world), ['Host', world.gatewayHost])
    return {
      trap: 8,
      from: 'client',
      name,
      refused: 'model: missing',
      hostile: (world) => change(at(world), world),
      twin: (world) => add(at(world), [world.modelHeader, world.model]),
    }
  })
}

/** A lie beside an honest certificate: the call is allowed, and the lie must not arrive. */
const besideCertificate = [...EMITTED_IDENTITY_HEADERS, ...FOREIGN_IDENTITY_HEADERS].map((name) =>
  row(1, 'client', `${name} beside the caller's certificate`, 'headers: removed', (call) =>
    add(call, [name, `vision__${MARK}`]),
  ),
)

/** Trap 8 of the table is about bodies, which proxies do not tell. */
export const SENT_BY_CLIENTS: readonly HostileRequest[] = [
  ...HOSTILE_REQUESTS.filter(({ from, trap }) => from === 'client' && trap !== 8),
  ...besideCertificate,
  ...ofProxies(),
  ...ofGateways(),
]
