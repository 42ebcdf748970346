// Envoy's own protocol files, as @grpc/grpc-js-xds carries them: the oracle of our subset, and what the tests' client speaks.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { ServiceDefinition } from '@grpc/grpc-js'
import { loadSync, type Options, type PackageDefinition } from '@grpc/proto-loader'

const DEPS = join(dirname(createRequire(import.meta.url).resolve('@grpc/grpc-js-xds/package.json')), 'deps')

const OPTIONS: Options = {
  keepCase: true,
  longs: Number,
  enums: String,
  includeDirs: ['envoy-api', 'googleapis', 'xds', 'protoc-gen-validate'].map((name) => join(DEPS, name)),
}

export function loadEnvoy(): PackageDefinition {
  return loadSync('envoy/service/auth/v3/external_auth.proto', OPTIONS)
}

export function serviceOf(definition: PackageDefinition, name: string): ServiceDefinition {
  const found = definition[name]
  if (found === undefined || 'format' in found) throw new Error(`no service ${name}`)
  return found
}
