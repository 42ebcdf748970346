// Migrations: forward only, by one process at a time, and never on a schema that is newer than the code.
import { expect, it } from 'vitest'
import { MIGRATIONS, type Migration, SCHEMA_VERSION } from '../../src/storage/migrate.ts'
import { onBothDatabases } from './databases.ts'
import { addPeople, codeOf } from './fixtures.ts'

const addTable = (number: number): Migration => ({
  number,
  statements: ({ integer }) => [
    `create table added_${number} (a ${integer})`,
    `insert into added_${number} values (1)`,
  ],
})

onBothDatabases('migrations', (fresh) => {
  it('are numbered without a gap', () => {
    expect(MIGRATIONS.map(({ number }) => number)).toEqual(MIGRATIONS.map((_, index) => index + 1))
  })

  it('run once when many processes start at once', async () => {
    const database = await fresh()
    const migrations = [...MIGRATIONS, addTable(SCHEMA_VERSION + 1)]
    const processes = await Promise.all(Array.from({ length: 6 }, () => database.open({ migrations })))
    await processes[0]?.storage.run(addPeople)
    expect(await database.inspect(`select count(*) as n from added_${SCHEMA_VERSION + 1}`)).toEqual(
      [{ n: 1 }].map(({ n }) => ({ n: database.kind === 'sqlite' ? n : '1' })),
    )
    expect(Number((await database.inspect('select version from schema_version'))[0]?.['version'])).toBe(
      migrations.length,
    )
  })

  it('bring an older database forward, and keep what is in it', async () => {
    const database = await fresh()
    const before = await database.open()
    await before.storage.run(addPeople)
    await before.storage.close()
    const after = await database.open({ migrations: [...MIGRATIONS, addTable(SCHEMA_VERSION + 1)] })
    expect((await after.storage.read((view) => view.listUsers({ limit: 10 }))).items.length).toBe(2)
    expect((await database.inspect(`select a from added_${SCHEMA_VERSION + 1}`)).length).toBe(1)
  })

  it('refuse a newer schema, with both numbers and what to do', async () => {
    const database = await fresh()
    const newer = await database.open({ migrations: [...MIGRATIONS, addTable(SCHEMA_VERSION + 1)] })
    await newer.storage.close()
    await expect(database.open()).rejects.toMatchObject({
      code: 'schema_too_new',
      facts: {
        found: SCHEMA_VERSION + 1,
        known: SCHEMA_VERSION,
        remedy: expect.stringContaining(`schema ${SCHEMA_VERSION + 1}`) as string,
      },
    })
  })

  it('leave nothing behind when one fails', async () => {
    const database = await fresh()
    const broken: Migration = { number: SCHEMA_VERSION + 2, statements: () => ['create nonsense'] }
    const migrations = [...MIGRATIONS, addTable(SCHEMA_VERSION + 1), broken]
    expect(await codeOf(database.open({ migrations }))).toBe('storage_unavailable')
    const { storage } = await database.open()
    await storage.run(addPeople)
    await expect(database.inspect(`select * from added_${SCHEMA_VERSION + 1}`)).rejects.toThrow()
  })
})
