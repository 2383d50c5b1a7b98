import { parentPort, workerData } from 'node:worker_threads'
import type { WorkerData } from './protocol.ts'
import { ready } from './protocol.ts'
import { openDatabase } from './database.ts'
import { serveQueries } from './serve-queries.ts'
import { serveWrites } from './serve-writes.ts'

if (!parentPort) throw new Error('worker.ts runs in a worker thread')

// The file's folder and its fitness were seen to by the main thread, which opened it first.
const { role, open } = workerData as WorkerData
const database = openDatabase(open)
if (role === 'writer') serveWrites(database, parentPort)
else serveQueries(database, parentPort)
parentPort.postMessage(ready)
