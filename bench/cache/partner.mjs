// A partner that answers at once, in a process of its own: its work is not what is measured.
import { createServer } from 'node:http'

const answer = JSON.stringify({ id: 'ch_1', status: 'captured', amount: 1250 })
const server = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer))
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })))
process.on('SIGTERM', () => process.exit(0))
