// The settings that have a flag on the command line, and its name; all others are set in `signet.yaml` or by variable alone.
import type { SettingName } from './settings.ts'

export const FLAGS = {
  dataFolder: '--data',
  database: '--database',
  policyFolder: '--policy',
  publicUrl: '--public-url',
  publicHttpUrl: '--public-http-url',
  trustDomain: '--trust-domain',
  organization: '--organization',
  'masterKey.file': '--master-key-file',
  'masterKey.nextFile': '--next-master-key-file',
  'listeners.https': '--listen',
  'listeners.http': '--listen-http',
  'listeners.operations': '--listen-operations',
  demo: '--demo',
} as const satisfies Partial<Record<SettingName, `--${string}`>>

const BY_SETTING: ReadonlyMap<string, string> = new Map(Object.entries(FLAGS))

/** `listeners.https` → `--listen`; undefined for a setting without a flag. */
export function flagOf(setting: string): string | undefined {
  return BY_SETTING.get(setting)
}
