import { Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { Histogram } from '../../src/ops/histogram.ts'

const of = (labelNames: string[]) => {
  const registry = new Registry()
  const histogram = new Histogram(registry, { name: 'seconds', help: 'Time', labelNames, buckets: [0.1, 1] })
  return { registry, histogram }
}

describe('a histogram', () => {
  test('counts each observation in its bucket and all above it', async () => {
    const { registry, histogram } = of(['route', 'status'])
    for (const seconds of [0.1, 0.5, 2]) histogram.observe(seconds, '/a', '200')
    histogram.observe(0.05, '/b', '404')
    expect((await registry.metrics()).trim().split('\n')).toEqual([
      '# HELP seconds Time',
      '# TYPE seconds histogram',
      'seconds_bucket{route="/a",status="200",le="0.1"} 1',
      'seconds_bucket{route="/a",status="200",le="1"} 2',
      'seconds_bucket{route="/a",status="200",le="+Inf"} 3',
      'seconds_sum{route="/a",status="200"} 2.6',
      'seconds_count{route="/a",status="200"} 3',
      'seconds_bucket{route="/b",status="404",le="0.1"} 1',
      'seconds_bucket{route="/b",status="404",le="1"} 1',
      'seconds_bucket{route="/b",status="404",le="+Inf"} 1',
      'seconds_sum{route="/b",status="404"} 0.05',
      'seconds_count{route="/b",status="404"} 1',
    ])
  })

  test('without labels says 0 before anything happened', async () => {
    expect(await of([]).registry.metrics()).toContain('seconds_count 0')
  })

  test('has its name once in a registry', () => {
    const { registry } = of([])
    expect(() => new Histogram(registry, { name: 'seconds', help: '', labelNames: [], buckets: [1] })).toThrow(
      'already been registered',
    )
  })
})
