// A real HAProxy with docs/deploy/haproxy.cfg and the script beside it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filledDeployFile } from './deploy-file.ts'
import { ran } from './program.ts'
import { type ProxyServer, type ProxySetting, startProxy } from './proxy-server.ts'

const SOCKET = '/run/haproxy/signet.sock'

export async function startHaproxy(setting: ProxySetting): Promise<ProxyServer> {
  const at = (name: string) => join(setting.folder, name)
  writeFileSync(at('haproxy.lua'), filledDeployFile('haproxy.lua', { [SOCKET]: at('signet.sock') }))
  writeFileSync(at('haproxy.cfg'), configuration(setting, at), { mode: 0o600 })
  const combined = readFileSync(setting.certificate, 'utf8') + readFileSync(setting.key, 'utf8')
  writeFileSync(at('edge.combined.pem'), combined, { mode: 0o600 })
  const words = ['-f', at('haproxy.cfg')]
  await ran('haproxy', ['-c', ...words])
  return startProxy(setting.port, { program: 'haproxy', words: ['-db', ...words], signal: 'SIGTERM' })
}

function configuration({ hosts, port, modelPort, signet, roots }: ProxySetting, at: (name: string) => string): string {
  const [signetHost = ''] = signet.split(':')
  return filledDeployFile('haproxy.cfg', {
    'bind :443': `bind 127.0.0.1:${String(port)}`,
    'chat.internal': hosts.join(' '),
    '127.0.0.1:8000': `127.0.0.1:${String(modelPort)}`,
    'signet.internal:8443': signet.replace(signetHost, '127.0.0.1'),
    'signet.internal': signetHost,
    [SOCKET]: at('signet.sock'),
    '/etc/haproxy/haproxy.lua': at('haproxy.lua'),
    '/etc/signet/edge.combined.pem': at('edge.combined.pem'),
    '/etc/signet/roots.pem': roots,
  })
}
