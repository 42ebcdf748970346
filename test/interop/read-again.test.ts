// SIGHUP at a running `signet serve`: what the file says of access is in force, and a file with a fault changes nothing (row OS47 by a
// real process).
import { copyFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TemporaryFolder } from '../cli/temporary-folder.ts'
import { SignetProgram } from './signet-program.ts'

const SUPERADMIN =
  'access: { superadmins: [{ issuer: users-1, profile: admin, dn: "CN=root-admin,OU=signet-admin" }] }\n'

const folder = new TemporaryFolder()
const file = folder.write('signet.yaml', 'logLevel: error\n')
let signet: SignetProgram
let names = 0

beforeAll(async () => {
  signet = await SignetProgram.place({ SIGNET_CONFIG: file })
  const made = await signet.local(signet.initWords())
  expect(made.status, made.stderr).toBe(0)
  for (const ending of ['pem', 'key']) copyFileSync(signet.at(`admin/admin.${ending}`), signet.at(`admin.${ending}`))
  copyFileSync(signet.at('root/root.pem'), signet.at('ca.pem'))
  await signet.serve()
})
afterAll(async () => {
  await signet.close()
  folder[Symbol.dispose]()
})

/** Only a superadmin's model is hidden. */
async function isSuperadmin(): Promise<boolean> {
  const words = ['model', 'register', `model-${String((names += 1))}`, '--json']
  const { status, stdout, stderr } = await signet.client(words, { as: 'admin' })
  expect(status, stderr).toBe(0)
  return (JSON.parse(stdout) as { hidden: boolean }).hidden
}

test('OS47: who is named in the file is a superadmin from SIGHUP on, and who is taken out is none', async () => {
  expect(await isSuperadmin()).toBe(false)
  writeFileSync(file, SUPERADMIN)
  expect(await isSuperadmin()).toBe(false)
  expect(await signet.readAgain()).toMatch(/^read again: /m)
  expect(await isSuperadmin()).toBe(true)
  writeFileSync(file, 'access: { superadmins: [{ issuer: users-1 }] }\n')
  expect(await signet.readAgain()).toMatch(/^not read again: /m)
  expect(await isSuperadmin()).toBe(true)
  writeFileSync(file, 'logLevel: error\n')
  expect(await signet.readAgain()).toMatch(/^read again: /m)
  expect(await isSuperadmin()).toBe(false)
})
