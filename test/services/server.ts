import test, { type ExecutionContext } from 'ava'
import { testDatabase, type TestDatabase } from '../contract/test-database.ts'

/** The servers that tests know, by the part of the variable `PORTICO_TEST_<NAME>_URL`. */
export type ServerName = 'POSTGRES' | 'MARIADB' | 'MONGODB' | 'REDIS' | 'RABBITMQ' | 'TOXIPROXY'

/** @throws Error when the environment names no such server and REQUIRE_SERVICES demands one. */
export function serverUrl(name: ServerName): string | undefined {
  const variable = `PORTICO_TEST_${name}_URL`
  const url = process.env[variable]
  if (url === undefined && process.env['REQUIRE_SERVICES'] === '1') throw new Error(`${variable} is not set, and REQUIRE_SERVICES=1 wants it`)
  return url
}

/** A test that needs servers: it is shown as skipped where one of them is not there. */
export function testWith(names: readonly ServerName[], title: string, body: (t: ExecutionContext, ...urls: string[]) => Promise<void> | void): void {
  const urls = names.flatMap((name) => serverUrl(name) ?? [])
  const whole = `${names.join(' and ').toLowerCase()}: ${title}`
  if (urls.length < names.length) test.serial.skip(whole, () => undefined)
  // One after the other: each opens connections of its own, and a server takes only so many.
  else test.serial(whole, (t) => body(t, ...urls))
}

/** A place of its own on that server, taken away when the test ends. */
export async function databaseOf(t: ExecutionContext, serverUrl: string): Promise<TestDatabase> {
  const database = await testDatabase(serverUrl)
  t.teardown(() => database.drop())
  return database
}
