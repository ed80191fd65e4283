// A whole Bluesky network for the tests: directory (PLC), personal data server (PDS), firehose and AppView.
//
// Started with DB_POSTGRES_URL, DB_POSTGRES_SCHEMA and REDIS_HOST set, and the folder of its packages as its one argument. When
// it is up it writes one line of JSON with the addresses. After that every line that it reads is an order, answered by one line:
// `settle` waits until the AppView has seen all that was posted. It ends with its standard input.

import dns from 'node:dns'
import net from 'node:net'
import path from 'node:path'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

// Its servers would listen on every interface, and would ask the internet about handles that they don't know: what is meant for
// another machine goes to a port of this one where nobody listens.
const LOOPBACK = '127.0.0.1'
const NOBODY = 9
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (first, ...rest) {
  if (typeof first === 'number') {
    return listen.call(this, { port: first, host: LOOPBACK }, rest.find((one) => typeof one === 'function'))
  }
  return listen.call(this, typeof first === 'object' && first.port !== undefined ? { ...first, host: LOOPBACK } : first, ...rest)
}
const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (first, second, ...rest) {
  if (typeof first === 'number') {
    const hasHost = typeof second === 'string'
    return this.connect({ port: first, host: hasHost ? second : LOOPBACK }, hasHost ? rest[0] : second)
  }
  const options = Array.isArray(first) ? first[0] : first
  if (!options.path && ![undefined, null, 'localhost', LOOPBACK].includes(options.host)) {
    Object.assign(options, { host: LOOPBACK, port: NOBODY })
  }
  return connect.call(this, first, second, ...rest)
}
dns.setServers([`${LOOPBACK}:${NOBODY}`])

const from = createRequire(path.join(process.argv[2], 'package.json'))
const { TestNetwork } = await import(pathToFileURL(from.resolve('@atproto/dev-env')).href)

const network = await TestNetwork.create({})
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
say({ plc: network.plc.url, pds: network.pds.url, appview: network.bsky.url })

for await (const order of createInterface({ input: process.stdin })) {
  if (order === 'settle') await network.processAll(30_000)
  say({ done: order })
}
await network.close()
process.exit()
