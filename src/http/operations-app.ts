// The operations listener, on loopback: metrics, and readiness with what is missing and how to mend it.
import { Hono } from 'hono'

export interface OperationsParts {
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
  readonly readiness: () => Promise<{ readonly ready: boolean }>
}

export function operationsApp(parts: OperationsParts): Hono {
  const app = new Hono()
  app.get('/metrics', async (c) => {
    const { contentType, text } = await parts.metrics()
    return c.body(text, 200, { 'content-type': contentType })
  })
  app.get('/readyz', async (c) => {
    const readiness = await parts.readiness()
    return c.json(readiness, readiness.ready ? 200 : 503)
  })
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  return app
}
