// A real nginx that asks for client certificates and looks at the published CRLs, and visits to it by curl.
import type { ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { vi } from 'vitest'
import { freePorts } from '../support/test-service.ts'
import { end, ran, start } from './program.ts'
import type { IdentityFiles, World } from './world.ts'

/** nginx's own code for a client certificate that does not hold. */
export const BAD_CERTIFICATE = 400

export interface Visit {
  readonly http: number
  readonly body: string
}

export class NginxServer {
  readonly port: number
  readonly #world: World
  readonly #name: string
  readonly #process: ChildProcess

  private constructor(world: World, name: string, port: number, child: ChildProcess) {
    this.#world = world
    this.#name = name
    this.port = port
    this.#process = child
  }

  /**
   * Needs `server.pem`, `server.key` of the service `name` and `crls.pem` in the world's folder. `/anyone` answers who shows a
   * good certificate with its common name, `/alice` vision__alice alone. `visitor` is let in when it is ready.
   */
  static async start(world: World, name: string, visitor: IdentityFiles): Promise<NginxServer> {
    const [port = 0] = await freePorts(1)
    mkdirSync(world.at('temp'))
    const file = world.write('nginx.conf', configuration(world, port))
    const words = ['-p', world.folder, '-e', world.at('nginx.log'), '-c', file]
    await ran('nginx', ['-t', ...words])
    const server = new NginxServer(world, name, port, start('nginx', words))
    await vi.waitFor(() => server.visit('/anyone', visitor), { timeout: 10_000, interval: 50 })
    return server
  }

  async visit(path: string, identity?: IdentityFiles): Promise<Visit> {
    const place = `${this.#name}:${String(this.port)}`
    const words = ['-sS', '--noproxy', '*', '--cacert', this.#world.trust, '--resolve', `${place}:127.0.0.1`]
    const shown = identity === undefined ? [] : ['--cert', identity.chain, '--key', identity.key]
    const { stdout } = await ran('curl', [...words, ...shown, '-w', '\n%{http_code}', `https://${place}${path}`])
    const [, body = '', http = '0'] = /^([^]*)\n([0-9]+)$/.exec(stdout) ?? []
    return { http: Number(http), body }
  }

  /** As the operator of a server does it: the new file whole, then a reload. */
  async reloadWith(crls: string, until: () => Promise<void>): Promise<void> {
    this.#world.write('crls.pem', crls)
    this.#process.kill('SIGHUP')
    await vi.waitFor(until, { timeout: 10_000, interval: 50 })
  }

  async stop(): Promise<void> {
    await end(this.#process, 'SIGQUIT')
  }
}

function configuration(world: World, port: number): string {
  return `
    daemon off;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    worker_processes 1;
    pid ${world.at('nginx.pid')};
    events { worker_connections 64; }
    http {
      access_log off;
      client_body_temp_path ${world.at('temp')}; proxy_temp_path ${world.at('temp')};
      fastcgi_temp_path ${world.at('temp')}; uwsgi_temp_path ${world.at('temp')}; scgi_temp_path ${world.at('temp')};
      map $ssl_client_s_dn $cn { "~(?:^|,)CN=(?<c>[^,]+)" $c; }
      map $cn $is_alice { default 0; "vision__alice" 1; }
      server {
        listen 127.0.0.1:${String(port)} ssl;
        ssl_certificate ${world.at('server.pem')};
        ssl_certificate_key ${world.at('server.key')};
        ssl_client_certificate ${world.trust};
        ssl_crl ${world.at('crls.pem')};
        ssl_verify_client on;
        ssl_verify_depth 2;
        location = /anyone { return 200 "$cn"; }
        location = /alice {
          if ($is_alice = 0) { return 403; }
          return 200 "$cn";
        }
      }
    }`
}
