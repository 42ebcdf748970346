// A real nginx with docs/deploy/nginx.conf, inside the http { } that a distribution's own file would have around it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filledDeployFile } from './deploy-file.ts'
import { ran } from './program.ts'
import { type ProxyServer, type ProxySetting, startProxy } from './proxy-server.ts'

export async function startNginxProxy(setting: ProxySetting): Promise<ProxyServer> {
  const { turned = (configuration: string) => configuration } = setting
  const at = (name: string) => join(setting.folder, name)
  mkdirSync(at('temp'))
  writeFileSync(at('model.conf'), turned(modelConfiguration(setting)))
  writeFileSync(at('nginx.conf'), surroundings(at))
  const words = ['-p', setting.folder, '-e', at('nginx.log'), '-c', at('nginx.conf')]
  await ran('nginx', ['-t', ...words])
  return startProxy(setting.port, { program: 'nginx', words, signal: 'SIGTERM' })
}

function modelConfiguration({ hosts, port, modelPort, signet, certificate, key, roots }: ProxySetting): string {
  const [signetHost = ''] = signet.split(':')
  return filledDeployFile('nginx.conf', {
    'listen 443': `listen 127.0.0.1:${String(port)}`,
    'chat.internal': hosts.join(' '),
    '127.0.0.1:8000': `127.0.0.1:${String(modelPort)}`,
    'signet.internal:8443': signet.replace(signetHost, '127.0.0.1'),
    'signet.internal': signetHost,
    '/etc/signet/edge.pem': certificate,
    '/etc/signet/edge.key': key,
    '/etc/signet/roots.pem': roots,
  })
}

function surroundings(at: (name: string) => string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
    daemon off;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    worker_processes 1;
    pid ${at('nginx.pid')};
    events { worker_connections 128; }
    http {
      access_log off;
      ${kinds.map((kind) => `${kind}_temp_path ${at('temp')};`).join(' ')}
      include ${at('model.conf')};
    }`
}
