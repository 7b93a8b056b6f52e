// A real Bluesky server (accounts, repositories, blobs, OAuth) with its directory of
// identities, both on loopback: no database server, no internet.
//
//   node serve.mjs handle:password [handle:password …]
//
// Handles end in .test. One JSON line is printed when all is ready:
//   {"pds": url, "plc": url, "accounts": [{"handle", "password", "did"}]}
// SIGTERM, SIGINT or the end of standard input stop it; its data goes with it.
// CLIENT_HOST is a name that leads to this machine, for a client's https document there
// (its certificate's authority in NODE_EXTRA_CA_CERTS).
import { randomBytes } from 'node:crypto'
import dns from 'node:dns'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { Server, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

process.env.LOG_ENABLED ??= 'false'

// Neither server takes a host to listen on, and this one has accounts with known passwords.
const { listen } = Server.prototype
Server.prototype.listen = function (port, ...rest) {
  const open = typeof port === 'number' && typeof rest[0] !== 'string'
  return open ? listen.call(this, port, '127.0.0.1', ...rest) : listen.call(this, port, ...rest)
}

const { lookup } = dns
dns.lookup = (name, ...rest) =>
  lookup(name === process.env.CLIENT_HOST ? '127.0.0.1' : name, ...rest)

const { Database, PlcServer } = await import('@did-plc/server')
const { PDS, envToCfg, envToSecrets } = await import('@atproto/pds')

/** A port nobody listens on; both addresses have to be known before the servers start. */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

async function createAccount(pds, pair) {
  const [handle, password] = pair.split(':')
  const answer = await fetch(`${pds}/xrpc/com.atproto.server.createAccount`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ handle, password, email: `${handle.replaceAll('.', '-')}@example.com` }),
  })
  const made = await answer.json()
  if (!answer.ok) throw new Error(`${handle}: ${answer.status} ${JSON.stringify(made)}`)
  return { handle, password, did: made.did }
}

const folder = await mkdtemp(join(tmpdir(), 'carillon-pds-'))
const dataDirectory = join(folder, 'data')
const blobstoreDiskLocation = join(folder, 'blobs')
await mkdir(dataDirectory)
await mkdir(blobstoreDiskLocation)

const plcPort = await freePort()
const directory = PlcServer.create({ db: Database.mock(), port: plcPort })
await directory.start()

const port = await freePort()
const environment = {
  devMode: true,
  hostname: 'localhost',
  port,
  dataDirectory,
  blobstoreDiskLocation,
  didPlcUrl: `http://localhost:${plcPort}`,
  serviceHandleDomains: ['.test'],
  inviteRequired: false,
  disableSsrfProtection: true,
  rateLimitsEnabled: false,
  jwtSecret: randomBytes(16).toString('hex'),
  adminPassword: randomBytes(16).toString('hex'),
  plcRotationKeyK256PrivateKeyHex: randomBytes(32).toString('hex'),
  // Nothing plays the AppView: app.bsky.* reads are answered 502 UpstreamFailure.
  bskyAppViewUrl: 'http://127.0.0.1:1',
  bskyAppViewDid: 'did:web:appview.invalid',
  modServiceUrl: 'http://127.0.0.1:1',
  modServiceDid: 'did:web:moderation.invalid',
}
const server = await PDS.create(envToCfg(environment), envToSecrets(environment))
await server.start()

let ending
/** Both servers end, and their folder is removed; asked twice, it is done once. */
function end() {
  ending ??= (async () => {
    await server.destroy()
    await directory.destroy()
    await rm(folder, { recursive: true, force: true })
    process.exit(0)
  })()
}
process.on('SIGTERM', end)
process.on('SIGINT', end)
// A test run that is killed closes its end of the pipe: then nothing stays behind.
process.stdin.on('end', end).resume()

const pds = `http://localhost:${port}`
const accounts = []
for (const pair of process.argv.slice(2)) accounts.push(await createAccount(pds, pair))
console.log(JSON.stringify({ pds, plc: environment.didPlcUrl, accounts }))
