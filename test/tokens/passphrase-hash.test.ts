// Hashes of passphrases: published vectors, other systems' hashes as they write them, and what is refused for its shape or cost.
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { BcryptThread } from '../../src/tokens/bcrypt-thread.ts'
import { isPassphraseOf } from '../../src/tokens/derive-passphrase.ts'
import { KdfGate } from '../../src/tokens/kdf-gate.ts'
import { hashPassphrase } from '../../src/tokens/new-passphrase.ts'
import { importPassphrase, parsePassphraseHash } from '../../src/tokens/passphrase-hash.ts'
import { PassphraseRefused } from '../../src/tokens/passphrase-refused.ts'
import { hashPassword } from '../../src/signin/password-hash.ts'

const thread = new BcryptThread()
afterAll(() => thread.close())

const holds = (passphrase: string, text: string): Promise<boolean> =>
  isPassphraseOf(passphrase, parsePassphraseHash(text), thread)

/** Code and facts of the refusal. */
function refusalOf(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    if (error instanceof PassphraseRefused) return [error.code, error.facts]
    throw error
  }
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '')

describe('published vectors', () => {
  test('RFC 7914 §12: scrypt', async () => {
    const vectors = [
      {
        passphrase: 'password',
        parts: { logN: 10, r: 8, p: 16, salt: Buffer.from('NaCl') },
        hash: 'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
      },
      {
        passphrase: 'pleaseletmein',
        parts: { logN: 14, r: 8, p: 1, salt: Buffer.from('SodiumChloride') },
        hash: '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
      },
    ]
    for (const { passphrase, parts, hash } of vectors) {
      const hashed = { kind: 'scrypt', ...parts, hash: hex(hash) } as const
      expect(await isPassphraseOf(passphrase, hashed, thread)).toBe(true)
      expect(await isPassphraseOf(`${passphrase} `, hashed, thread)).toBe(false)
    }
  })

  test('RFC 7914 §11: PBKDF2 with SHA-256', async () => {
    const hash = hex(
      '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d',
    )
    const hashed = { kind: 'pbkdf2', digest: 'sha256', iterations: 80_000, salt: Buffer.from('NaCl'), hash } as const
    expect(await isPassphraseOf('Password', hashed, thread)).toBe(true)
    expect(await isPassphraseOf('password', hashed, thread)).toBe(false)
  })

  // The example of passlib's documentation.
  test('passlib: scrypt', async () => {
    const text = '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E'
    expect(await holds('password', text)).toBe(true)
    expect(await holds('passwort', text)).toBe(false)
  })

  // jBCrypt's own test vectors of cost 10 and 12.
  test.each([
    ['', '$2a$10$k1wbIrmNyFAPwPVPSVa/zecw2BCEnBwVS2GbrmgzxFUOqW9dk4TCW'],
    ['abc', '$2a$10$WvvTPHKwdBJ3uk0Z37EMR.hLA2W6N9AEBhEgrAOljy2Ae5MtaSIUi'],
    ['abc', '$2a$12$EXRkfkdmXn2gzds2SSitu.MW9.gAVqa9eLS1//RYtYCmB1eLHg.9q'],
    ['~!@#$%^&*()      ~!@#$%^&*()PNBFRD', '$2a$10$LgfYWkbzEvQ4JakH7rOvHe0y8pHKF9OaFgwUZ2q7W2FFZmZzJYlfS'],
  ])('jBCrypt: %j', async (passphrase, text) => {
    expect(await holds(passphrase, text)).toBe(true)
    expect(await holds(passphrase.replace('abc', 'abC') + 'x', text)).toBe(false)
    for (const version of ['2b', '2y']) expect(await holds(passphrase, text.replace('2a', version))).toBe(true)
  })
})

const python = (code: string, ...args: string[]): string =>
  execFileSync('python3', ['-W', 'ignore', '-c', code, ...args], { encoding: 'utf8' }).trim()

const hasPython = spawnSync('python3', ['-c', 'import hashlib; hashlib.scrypt']).status === 0
const hasCrypt = spawnSync('python3', ['-W', 'ignore', '-c', 'import crypt']).status === 0

/** Salt and hash are put into the shapes here; the hash is worked out by Python. */
const PBKDF2 = `import hashlib,sys; d,p,s,i,l=sys.argv[1:]; print(hashlib.pbkdf2_hmac(d,p.encode(),bytes.fromhex(s),int(i),int(l)).hex())`
const SCRYPT = `import hashlib,sys; p,s,n,r,q,l=sys.argv[1:]; print(hashlib.scrypt(p.encode(),salt=bytes.fromhex(s),n=int(n),r=int(r),p=int(q),dklen=int(l),maxmem=2**28).hex())`

describe.skipIf(!hasPython)('Python as the oracle', () => {
  const passphrase = 'Kühlschrank und Käse'
  const salt = randomBytes(16)
  const texts = (digest: 'sha256' | 'sha512', iterations: number): string[] => {
    const size = digest === 'sha256' ? 32 : 64
    const hash = hex(python(PBKDF2, digest, passphrase, salt.toString('hex'), String(iterations), String(size)))
    const word = salt.toString('hex').slice(0, 16)
    const ofWord = python(
      PBKDF2,
      digest,
      passphrase,
      Buffer.from(word).toString('hex'),
      String(iterations),
      String(size),
    )
    return [
      `$pbkdf2-${digest}$i=${iterations},l=${size}$${unpadded(salt)}$${unpadded(hash)}`,
      `$pbkdf2-${digest}$i=${iterations}$${unpadded(salt)}$${unpadded(hash)}`,
      `$pbkdf2-${digest}$${iterations}$${[salt, hash].map((bytes) => unpadded(bytes).replaceAll('+', '.')).join('$')}`,
      `pbkdf2:${digest}:${iterations}$${word}$${ofWord}`,
    ]
  }

  test.each(['sha256', 'sha512'] as const)('PBKDF2 with %s, in four shapes', async (digest) => {
    for (const text of texts(digest, 100_000)) {
      const imported = importPassphrase(text)
      expect(imported, text).toMatch(/^\$pbkdf2-sha(?:256|512)\$i=100000,l=(?:32|64)\$/)
      expect(importPassphrase(imported)).toBe(imported)
      expect(await holds(passphrase, imported), text).toBe(true)
      expect(await holds(passphrase.slice(1), imported), text).toBe(false)
    }
  })

  test('scrypt, in two shapes, up to the bound of memory', async () => {
    const hash = python(SCRYPT, passphrase, salt.toString('hex'), '131072', '8', '1', '32')
    const ofPhc = `$scrypt$ln=17,r=8,p=1$${unpadded(salt)}$${unpadded(hex(hash))}`
    const ofText = python(SCRYPT, passphrase, Buffer.from('saltOfLetters').toString('hex'), '16384', '8', '5', '64')
    for (const text of [ofPhc, `scrypt:16384:8:5$saltOfLetters$${ofText}`]) {
      const imported = importPassphrase(text)
      expect(imported).toMatch(/^\$scrypt\$ln=1[47],r=8,p=[15]\$/)
      expect(await holds(passphrase, imported), text).toBe(true)
      expect(await holds(passphrase.slice(1), imported), text).toBe(false)
    }
  })

  test.skipIf(!hasCrypt)('bcrypt, by the C library, to the seventy-second octet', async () => {
    const code = `import crypt,sys; print(crypt.crypt(sys.argv[1], sys.argv[2]))`
    const long = 'ä'.repeat(36)
    for (const version of ['2a', '2b', '2y']) {
      const text = python(code, long, `$${version}$10$abcdefghijklmnopqrstuu`)
      const imported = importPassphrase(text)
      expect(imported).toBe(text.replace(version, '2b'))
      expect(await holds(long, imported), text).toBe(true)
      expect(await holds(`${long}a`, imported), 'cut, it would be right').toBe(false)
      expect(await holds(long.slice(1), imported), text).toBe(false)
    }
  })
})

test('what `user hash-password` prints is taken', async () => {
  const imported = importPassphrase(await hashPassword('open sesame, said Ali'))
  expect(imported).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$/)
  expect(await holds('open sesame, said Ali', imported)).toBe(true)
  expect(await holds('open sesame, said ali', imported)).toBe(false)
})

const SALT = unpadded(Buffer.alloc(16, 1))
const HASH = unpadded(Buffer.alloc(32, 2))
const BCRYPT = 'abcdefghijklmnopqrstuuCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC.'
const HEX = '02'.repeat(32)

describe('refused for its shape', () => {
  const good = [
    `$pbkdf2-sha256$i=100000,l=32$${SALT}$${HASH}`,
    `$scrypt$ln=14,r=8,p=1$${SALT}$${HASH}`,
    `$2b$10$${BCRYPT}`,
  ]

  test('their twins are taken', () => {
    for (const text of good) expect(refusalOf(() => importPassphrase(text))).toBe(text)
  })

  test.each([
    ['nothing', ''],
    ['a passphrase in clear', 'correct horse battery staple'],
    ['a line break after it', `${good[0] ?? ''}\n`],
    ['a blank before it', ` ${good[0] ?? ''}`],
    ['MD5-crypt', '$1$abcdefgh$0123456789012345678901'],
    ['SHA-512-crypt', '$6$rounds=5000$abcdefgh$0123456789'],
    ['argon2id', `$argon2id$v=19$m=65536,t=3,p=4$${SALT}$${HASH}`],
    ['PBKDF2 with SHA-1', `$pbkdf2-sha1$i=1000000,l=32$${SALT}$${HASH}`],
    ['PBKDF2 with SHA-1 of passlib', `$pbkdf2$1000000$${SALT}$${HASH}`],
    ['PBKDF2 with MD5 of Werkzeug', `pbkdf2:md5:600000$saltsalt$${HEX}`],
    ['a length that is not the hash’s', `$pbkdf2-sha256$i=100000,l=31$${SALT}$${HASH}`],
    ['a leading zero', `$pbkdf2-sha256$i=0100000,l=32$${SALT}$${HASH}`],
    ['a negative count', `$pbkdf2-sha256$i=-100000,l=32$${SALT}$${HASH}`],
    ['a count of eleven digits', `$pbkdf2-sha256$i=10000000000,l=32$${SALT}$${HASH}`],
    ['padding', `$pbkdf2-sha256$i=100000,l=32$${SALT}==$${HASH}`],
    ['bits after the end of the salt', `$pbkdf2-sha256$i=100000,l=32$${SALT.slice(0, -1)}R$${HASH}`],
    ['no salt', `$pbkdf2-sha256$i=100000,l=32$$${HASH}`],
    ['a fifth field', `$pbkdf2-sha256$i=100000,l=32$${SALT}$${HASH}$x`],
    ['a hash in half octets', `pbkdf2:sha256:600000$saltsalt$${HEX}0`],
    ['a hash that is no hexadecimal', `pbkdf2:sha256:600000$saltsalt$${'zz'.repeat(32)}`],
    ['scrypt of an N that is no power of two', `scrypt:32767:8:1$saltsalt$${HEX}`],
    ['scrypt without p', `$scrypt$ln=14,r=8$${SALT}$${HASH}`],
    ['scrypt in another order', `$scrypt$r=8,ln=14,p=1$${SALT}$${HASH}`],
    ['bcrypt of lost bits', `$2x$10$${BCRYPT}`],
    ['bcrypt without a version', `$2$10$${BCRYPT}`],
    ['bcrypt of one digit', `$2b$9$${BCRYPT}`],
    ['bcrypt cut short', `$2b$10$${BCRYPT.slice(0, -1)}`],
    ['four hundred characters and one', `$pbkdf2-sha256$i=100000$${SALT}$${'A'.repeat(401)}`],
  ])('%s', (_, text) => {
    expect(refusalOf(() => importPassphrase(text))).toEqual(['passphrase_hash_malformed', {}])
  })
})

describe('refused for its cost, and the twin at the bound taken', () => {
  const weak = 'passphrase_hash_too_weak'
  const costly = 'passphrase_hash_too_costly'
  const pbkdf2 = (i: number, hashBytes = 32, saltBytes = 16, digest = 'sha256'): string =>
    `$pbkdf2-${digest}$i=${i},l=${hashBytes}$${unpadded(Buffer.alloc(saltBytes, 1))}$${unpadded(Buffer.alloc(hashBytes, 2))}`
  const scrypt = (ln: number, r: number, p: number, hashBytes = 32): string =>
    `$scrypt$ln=${ln},r=${r},p=${p}$${SALT}$${unpadded(Buffer.alloc(hashBytes, 2))}`

  test.each([
    [pbkdf2(99_999), pbkdf2(100_000), weak, { parameter: 'iterations', value: 99_999, least: 100_000 }],
    [pbkdf2(2_000_001), pbkdf2(2_000_000), costly, { parameter: 'iterations', value: 2_000_001, most: 2_000_000 }],
    [pbkdf2(100_000, 15), pbkdf2(100_000, 16), weak, { parameter: 'hashBytes', value: 15, least: 16 }],
    [pbkdf2(100_000, 33), pbkdf2(100_000, 32), costly, { parameter: 'hashBytes', value: 33, most: 32 }],
    [
      pbkdf2(100_000, 65, 16, 'sha512'),
      pbkdf2(100_000, 64, 16, 'sha512'),
      costly,
      { parameter: 'hashBytes', value: 65, most: 64 },
    ],
    [pbkdf2(100_000, 32, 7), pbkdf2(100_000, 32, 8), weak, { parameter: 'saltBytes', value: 7, least: 8 }],
    [pbkdf2(100_000, 32, 65), pbkdf2(100_000, 32, 64), costly, { parameter: 'saltBytes', value: 65, most: 64 }],
    [scrypt(13, 8, 1), scrypt(14, 8, 1), weak, { parameter: 'ln', value: 13, least: 14 }],
    [scrypt(18, 8, 1), scrypt(17, 8, 1), costly, { parameter: 'ln', value: 18, most: 17 }],
    [scrypt(14, 7, 1), scrypt(14, 8, 1), weak, { parameter: 'r', value: 7, least: 8 }],
    [scrypt(14, 65, 1), scrypt(14, 64, 1), costly, { parameter: 'r', value: 65, most: 64 }],
    [scrypt(14, 8, 9), scrypt(14, 8, 8), costly, { parameter: 'bytes', value: 150_994_944, most: 134_217_728 }],
    [scrypt(17, 8, 2), scrypt(16, 8, 2), costly, { parameter: 'bytes', value: 268_435_456, most: 134_217_728 }],
    [scrypt(14, 8, 1, 65), scrypt(14, 8, 1, 64), costly, { parameter: 'hashBytes', value: 65, most: 64 }],
    [`$2b$09$${BCRYPT}`, `$2b$10$${BCRYPT}`, weak, { parameter: 'cost', value: 9, least: 10 }],
    [`$2b$15$${BCRYPT}`, `$2b$14$${BCRYPT}`, costly, { parameter: 'cost', value: 15, most: 14 }],
    [`$2b$99$${BCRYPT}`, `$2b$14$${BCRYPT}`, costly, { parameter: 'cost', value: 99, most: 14 }],
  ])('%s', (text, twin, code, facts) => {
    expect(refusalOf(() => importPassphrase(text))).toEqual([code, expect.objectContaining(facts)])
    expect(refusalOf(() => importPassphrase(twin))).toBe(twin)
  })

  test('the largest that is taken can be worked out', async () => {
    for (const text of [scrypt(14, 64, 1), scrypt(14, 8, 8)]) expect(await holds('anything', text)).toBe(false)
  })

  test('the default of passlib is too weak', () => {
    const text = '$pbkdf2-sha256$29000$N2YMIWQsBWBMae09x1jrPQ$1t8iyB2A.WF/Z5JZv.lfCIhXXN33N23OSgQYThBYRfk'
    const facts = { form: 'pbkdf2', parameter: 'iterations', value: 29_000, least: 100_000 }
    expect(refusalOf(() => importPassphrase(text))).toEqual([weak, facts])
  })
})

describe('a passphrase in clear', () => {
  const by = { gate: new KdfGate(), random: randomBytes }

  test('is hashed with a salt of its own, and its hash holds', async () => {
    const [one, other] = await Promise.all([
      hashPassphrase('sixteen letters!', by),
      hashPassphrase('sixteen letters!', by),
    ])
    expect(one).not.toBe(other)
    expect(importPassphrase(one)).toBe(one)
    expect(await holds('sixteen letters!', one)).toBe(true)
    expect(await holds('sixteen letters?', one)).toBe(false)
  })

  test.each([
    ['fifteen letters', 'too-short'],
    ['', 'too-short'],
    ['x'.repeat(1025), 'too-long'],
    [' sixteen letters', 'characters'],
    ['sixteen letters ', 'characters'],
    ['sixteen\tletters!', 'characters'],
    ['sixteen\0letters!', 'characters'],
    ['sixteen letters!\n', 'characters'],
    ['sechzehn Bücher!', 'characters'],
    ['sixteen.letters.three_parts', 'like-a-token'],
  ])('%j is refused: %s', async (plain, why) => {
    const facts = { why, minCharacters: 16, maxCharacters: 1024 }
    await expect(hashPassphrase(plain, by)).rejects.toMatchObject({ code: 'passphrase_rejected', facts })
  })

  test.each(['sixteen.letters.of.four-parts', 'sixteen.letters.and blanks', 'sixteen..letters-'])(
    '%j is not taken for a token',
    async (plain) => expect(await holds(plain, await hashPassphrase(plain, by))).toBe(true),
  )

  test('waits in no queue: the fifth at once is refused', async () => {
    const hashed = await Promise.allSettled(Array.from({ length: 5 }, () => hashPassphrase('sixteen letters!', by)))
    const codes = hashed.map((one) => (one.status === 'fulfilled' ? 'hashed' : (one.reason as PassphraseRefused).code))
    expect(codes).toEqual(['hashed', 'hashed', 'hashed', 'hashed', 'passphrase_busy'])
  })
})

describe('the thread of bcrypt', () => {
  test('leaves the event loop alone', async () => {
    let turns = 0
    const turning = setInterval(() => (turns += 1), 1)
    // Cost 12 takes bcrypt in JavaScript a fifth of a second or more; in this thread no timer would run meanwhile.
    await holds('anything', `$2b$12$${BCRYPT}`)
    clearInterval(turning)
    expect(turns).toBeGreaterThan(5)
  })

  test('is started anew after it has ended, and what it was at fails', async () => {
    const one = new BcryptThread()
    const atWork = one.hash('anything', '$2b$14$abcdefghijklmnopqrstuu')
    const failed = expect(atWork).rejects.toThrow('bcrypt failed')
    await one.close()
    await failed
    expect(await one.hash('abc', '$2b$10$WvvTPHKwdBJ3uk0Z37EMR.')).toContain('hLA2W6N9AEBhEgrAOljy2Ae5MtaSIUi')
    await one.close()
  })

  test('keeps a process alive for as long as it works', () => {
    const source = join(import.meta.dirname, '..', '..', 'src', 'tokens', 'bcrypt-thread.ts')
    const code = `import { BcryptThread } from ${JSON.stringify(source)}
      console.log(await new BcryptThread().hash('abc', '$2b$10$WvvTPHKwdBJ3uk0Z37EMR.'))`
    const told = execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
    expect(told).toContain('hLA2W6N9AEBhEgrAOljy2Ae5MtaSIUi')
  })

  test('a setting that is none fails alone', async () => {
    const one = new BcryptThread()
    await expect(one.hash('abc', 'nonsense')).rejects.toThrow(/salt/i)
    expect(await one.hash('abc', '$2b$10$WvvTPHKwdBJ3uk0Z37EMR.')).toContain('hLA2W6N9AEBhEgrAOljy2Ae5MtaSIUi')
    await one.close()
  })
})
