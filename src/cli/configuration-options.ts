// The flags by which a local command is told how the installation runs; the same settings as in `signet.yaml`.
import type { Command } from 'commander'
import { type Configuration, readConfiguration } from '../ops/configuration.ts'
import { FLAGS } from '../ops/flags.ts'
import type { Flags } from '../ops/settings.ts'

interface ConfigurationFlags {
  readonly config?: string
  readonly data?: string
  readonly database?: string
  readonly policy?: string
  readonly publicUrl?: string
  readonly publicHttpUrl?: string
  readonly trustDomain?: string
  readonly organization?: string
  readonly masterKeyFile?: string
  readonly nextMasterKeyFile?: string
  readonly listen?: string
  readonly listenHttp?: string
  readonly listenOperations?: string
  readonly demo?: true
}

export function addConfigurationOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file (default: signet.yaml in this folder)')
    .option(`${FLAGS.dataFolder} <folder>`, 'data folder')
    .option(`${FLAGS.database} <url>`, 'sqlite:PATH or postgres://… (default: signet.db in the data folder)')
    .option(`${FLAGS.policyFolder} <folder>`, 'certification policy (default: the one that comes with Signet)')
    .option(`${FLAGS.publicUrl} <url>`, 'https URL by which programs reach the API')
    .option(`${FLAGS.publicHttpUrl} <url>`, 'http URL of CRLs and CA certificates; it is written into certificates')
    .option(`${FLAGS.trustDomain} <name>`, 'SPIFFE trust domain')
    .option(`${FLAGS.organization} <name>`, 'organization in the names of the CAs')
    .option(`${FLAGS['masterKey.file']} <file>`, 'file with the master key that seals every other key')
    .option(`${FLAGS['masterKey.nextFile']} <file>`, 'file with the master key that takes over (rotate master-key)')
    .option(`${FLAGS['listeners.https']} <host:port>`, 'HTTPS listener')
    .option(`${FLAGS['listeners.http']} <host:port>`, 'plain HTTP listener')
    .option(`${FLAGS['listeners.operations']} <host:port>`, 'operations listener, on loopback')
    .option(FLAGS.demo, 'a demonstration: the public URLs may be left out, the root may lie in the data folder')
}

/** Throws `ConfigurationRejected`. */
export function configurationOf(options: ConfigurationFlags): Configuration {
  const flags: Flags = {
    dataFolder: options.data,
    database: options.database,
    policyFolder: options.policy,
    publicUrl: options.publicUrl,
    publicHttpUrl: options.publicHttpUrl,
    trustDomain: options.trustDomain,
    organization: options.organization,
    'masterKey.file': options.masterKeyFile,
    'masterKey.nextFile': options.nextMasterKeyFile,
    'listeners.https': options.listen,
    'listeners.http': options.listenHttp,
    'listeners.operations': options.listenOperations,
    demo: options.demo,
  }
  return readConfiguration({
    flags,
    environment: process.env,
    configFile: options.config,
    workingFolder: process.cwd(),
  })
}
