// A worker as a client writes it: nothing but HTTP. Prints `leased <id>` before it works on a job and `acked <id>`, or `refused <id> <code>`, after.
const [, , url, leaseMs, workMs] = process.argv
const queue = `${url}/v1/queue/orders`
const post = (path, body) => fetch(queue + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal: AbortSignal.timeout(10_000) })
const tell = (...words) => process.stdout.write(`${words.join(' ')}\n`)
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

for (;;) {
  try {
    const answer = await post('/leases', { max: 5, waitMs: 1_000, leaseMs: Number(leaseMs) })
    if (!answer.ok) throw new Error(String(answer.status))
    for (const { token, job } of (await answer.json()).items) {
      tell('leased', job.id)
      await sleep((0.5 + Math.random() / 2) * Number(workMs))
      const ended = await post(`/leases/${token}/ack`, {})
      const body = await ended.json()
      tell(ended.ok ? 'acked' : 'refused', job.id, body.code ?? '')
    }
  } catch {
    // The server is away: it is started again.
    await sleep(50)
  }
}
