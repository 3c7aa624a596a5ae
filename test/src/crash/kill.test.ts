import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog, systemClock as clock } from '@talaria/core'
import { FILES_PER_DATABASE, openDatabases } from '@talaria/db'
import { temporaryHome } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { ApiClient } from '../testing/api-client.ts'
import { startGateway, type Gateway } from '../testing/gateway.ts'
import { quietOpenOf, type OpenOf } from '../testing/open-of.ts'
import { audit } from './audit.ts'
import { Ledger } from './ledger.ts'
import { OPERATIONS } from './operations.ts'
import { Random } from '../testing/random.ts'

const ROUNDS = process.env.TALARIA_TEST_FULL ? 200 : 10
const CLIENTS = 8
const KEY = 'a-key-that-outlives-the-process-0123456789'
const SEED = Number(process.env.TALARIA_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))

test(`nothing acknowledged is lost or doubled by ${ROUNDS} times kill -9 under load (seed ${SEED})`, { timeout: ROUNDS * 30_000 }, async () => {
  using home = temporaryHome()
  await using running = new AsyncDisposableStack()
  const random = new Random(SEED)
  const start = async () => running.use(await startGateway({ home: home.path, key: KEY }))
  let gateway = await start()
  let usual: OpenOf | undefined
  let [sent, accepted] = [0, 0]

  for (let round = 1; round <= ROUNDS; round++) {
    const ledger = new Ledger(`r${round}`)
    const since = Date.now()
    await killUnderLoad(gateway, ledger, random)
    if (random.chance(0.3)) await killWhileStarting(home.path, random)

    gateway = await start()
    await audit(gateway.api, ledger, since).catch((error: Error) => {
      throw new Error(`Round ${round} of seed ${SEED}: ${error.message}`, { cause: error })
    })
    gateway.api[Symbol.dispose]()
    const open = await quietOpenOf(gateway)
    expect(open.database).toBe(FILES_PER_DATABASE)
    expect(open).toEqual((usual ??= open))
    sent += ledger.counts.sent
    accepted += ledger.counts.accepted
  }

  expect(await gateway.process.stop()).toBe(0)
  expect(accepted).toBeGreaterThan(ROUNDS * CLIENTS)
  await using databases = openDatabases({ service: 'gateway', locations: { gateway: { file: home.file('gateway.db') } }, clock, log: silentLog })
  await databases.gateway.sessions.exists('')
  expect(await databases.checkIntegrity()).toMatchObject({ problems: [], indexProblems: [] })
  console.log(`figure: ${ROUNDS} kills, ${sent} requests with a marker sent, ${accepted} acknowledged, 0 lost, 0 doubled, descriptors ${JSON.stringify(usual)}`)
})

/** Clients do what clients do until the gateway dies, at a moment that nobody chose. */
async function killUnderLoad(gateway: Gateway, ledger: Ledger, random: Random): Promise<void> {
  let isDead = false
  using api = new ApiClient(gateway.url, KEY)
  const client = async () => {
    while (!isDead) {
      await random
        .pick(OPERATIONS)(api, ledger, random)
        .catch((error: unknown) => {
          if (!isDead) throw error
        })
    }
  }
  const clients = Promise.all(Array.from({ length: CLIENTS }, client))
  const killed = sleep(random.integer(100, 900)).then(() => {
    isDead = true
    gateway.process.signal('SIGKILL')
  })
  await Promise.all([clients, killed])
  expect(await gateway.process.end()).toBe('SIGKILL')
}

/** It dies again while it takes over what its predecessor left. */
async function killWhileStarting(home: string, random: Random): Promise<void> {
  await using gateway = await startGateway({ home, key: KEY, onceListening: true })
  await sleep(random.integer(0, 150))
  gateway.process.signal('SIGKILL')
  expect(await gateway.process.end()).toBe('SIGKILL')
}
