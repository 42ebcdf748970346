// A real Caddy with docs/deploy/Caddyfile.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filledDeployFile } from './deploy-file.ts'
import { ran } from './program.ts'
import { type ProxyServer, type ProxySetting, startProxy } from './proxy-server.ts'

export async function startCaddy(setting: ProxySetting): Promise<ProxyServer> {
  const { turned = (configuration: string) => configuration } = setting
  const file = join(setting.folder, 'Caddyfile')
  writeFileSync(file, turned(configuration(setting)))
  // Where it would keep certificates that it gets by itself; it gets none.
  const environment = { HOME: setting.folder, XDG_DATA_HOME: setting.folder, XDG_CONFIG_HOME: setting.folder }
  const words = ['--config', file, '--adapter', 'caddyfile']
  await ran('caddy', ['validate', ...words], { environment })
  return startProxy(setting.port, { program: 'caddy', words: ['run', ...words], environment, signal: 'SIGINT' })
}

function configuration({ hosts, port, modelPort, signet, certificate, key, roots }: ProxySetting): string {
  const [signetHost = ''] = signet.split(':')
  return filledDeployFile('Caddyfile', {
    'auto_https off': 'auto_https off\n\tdefault_bind 127.0.0.1',
    'https://chat.internal:443': hosts.map((host) => `https://${host}:${String(port)}`).join(', '),
    '127.0.0.1:8000': `127.0.0.1:${String(modelPort)}`,
    'signet.internal:8443': signet.replace(signetHost, '127.0.0.1'),
    'signet.internal': signetHost,
    '/etc/signet/edge.pem': certificate,
    '/etc/signet/edge.key': key,
    '/etc/signet/roots.pem': roots,
  })
}
