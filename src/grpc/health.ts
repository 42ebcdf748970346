// `grpc.health.v1.Health/Check`: whether this process can decide. It tells nobody anything else, and asks nobody who he is.
import { type handleUnaryCall, status } from '@grpc/grpc-js'
import { AUTHORIZATION_NAME, type HealthCheckRequest, type HealthCheckResponse } from './protocol.ts'

export function healthHandler(
  isReady: () => Promise<boolean>,
): handleUnaryCall<HealthCheckRequest, HealthCheckResponse> {
  return (call, respond) => {
    const { service = '' } = call.request
    if (service !== '' && service !== AUTHORIZATION_NAME) {
      respond({ code: status.NOT_FOUND, details: 'unknown service' })
      return
    }
    const told = (ready: boolean): void => respond(null, { status: ready ? 'SERVING' : 'NOT_SERVING' })
    isReady().then(told, () => told(false))
  }
}
