import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { ExecutionContext } from 'ava'
import { type Document, MongoClient } from 'mongodb'
import { type Message, MessageReader, readMessage, writeReply } from './mongodb-wire.ts'
import { TransactionLog } from './transaction-log.ts'

/** What befalls the next command of a name: it conflicts with another transaction, or is done and its answer lost, or is not known to have reached a majority. */
type Fault = 'conflict' | 'lost' | 'unconfirmed'

export interface ReplicaSet {
  readonly url: string
  /** `times` is how many commands of that name in turn. */
  befall(command: string, fault: Fault, times?: number): void
  /** The names of the commands that came, `hello` aside. */
  readonly commands: readonly string[]
}

/**
 * A server that stands alone, shown as a replica set of one: no package with a real one was found. Everything waits while a
 * transaction runs, which is undone from what was there before when it is aborted, and a write that is sent again is answered
 * again. So the commands that a driver sends for a transaction are held to what they do; MongoDB's own snapshots, elections
 * and majorities are not here. Gone when the test ends.
 */
export async function openReplicaSet(t: ExecutionContext, databaseUrl: string): Promise<ReplicaSet> {
  const upstream = await MongoClient.connect(databaseUrl)
  const log = new TransactionLog(upstream)
  const faults: { readonly command: string; readonly fault: Fault }[] = []
  const commands: string[] = []
  const sockets = new Set<Socket>()

  const server = createServer((socket) => {
    sockets.add(socket)
    const reader = new MessageReader()
    let last = Promise.resolve()
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      // What is under way when the test ends has nobody to be answered.
      for (const bytes of reader.push(chunk)) last = last.then(() => answer(socket, readMessage(bytes))).catch(() => { socket.destroy() })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await upstream.close()
  })

  async function answer(socket: Socket, message: Message): Promise<void> {
    const name = Object.keys(message.command)[0] ?? ''
    const greets = /^(hello|ismaster)$/i.test(name)
    if (!greets) commands.push(name)
    const at = faults.findIndex((one) => one.command === name)
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0]?.fault

    const conflicts = { ok: 0, code: 112, codeName: 'WriteConflict', errmsg: 'another transaction was first', errorLabels: ['TransientTransactionError'] }
    const reply: Document = fault === 'conflict' ? conflicts : await log.run(name, message)
    const shown = greets ? { ...reply, setName: 'rs', setVersion: 1, hosts: [address], me: address, primary: address, secondary: false } : reply
    if (fault === 'unconfirmed') Object.assign(shown, { writeConcernError: { code: 64, codeName: 'WriteConcernFailed', errmsg: 'waiting for replication timed out' } })
    if (fault === 'lost') socket.destroy()
    else socket.write(writeReply(message, shown))
  }

  const url = new URL(databaseUrl)
  url.host = address
  url.searchParams.set('replicaSet', 'rs')
  return { url: url.href, commands, befall: (command, fault, times = 1) => { for (let n = 0; n < times; n++) faults.push({ command, fault }) } }
}
