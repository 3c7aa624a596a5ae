/**
 * Measures the list of sessions and the search in messages over a large database, and prints JSON. Arguments: a folder,
 * how many sessions, how many messages. Filling it takes two minutes for a million messages; progress goes to standard error.
 */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { createId, silentLog, systemClock } from '@talaria/core'
import { openDatabases, type NewMessage } from '../src/index.ts'

const [folder = '.', sessionCount = '100000', messageCount = '1000000'] = process.argv.slice(2)
const [sessions, messages] = [Number(sessionCount), Number(messageCount)]
const file = join(mkdtempSync(join(folder, 'reads-')), 'gateway.db')
await using databases = openDatabases({ service: 'gateway', locations: { gateway: { file } }, clock: systemClock, log: silentLog })
const stores = databases.gateway

/** Words that stand in every nth message, for searches with a known number of hits. */
const EVERY = [2, 20, 200, 2_000, 20_000, 100_000]
const OWNERS = 100
const words = 'the quick brown fox jumps over a lazy dog while seven wizards vex the jovial king about quartz and maple syrup'.split(' ')

function messageOf(index: number): NewMessage {
  const marks = EVERY.filter((every) => index % every === 0).map((every) => `every${every}`)
  const text = Array.from({ length: 24 }, (_, word) => words[(index * 7 + word * 13) % words.length])
  return { id: createId('msg'), role: index % 2 === 0 ? 'user' : 'assistant', content: [...text, ...marks].join(' ') }
}

for (let done = 0; done < sessions; done += 500) {
  await Promise.all(
    Array.from({ length: Math.min(500, sessions - done) }, async (_, offset) => {
      const index = done + offset
      await stores.sessions.create({ id: `ses_${index}`, owner: `owner${index % OWNERS}`, source: 'api', title: `Session ${index}` })
    }),
  )
}
const perSession = 100
for (let done = 0; done < messages; done += perSession) {
  const session = (done / perSession) % sessions
  await stores.sessions.append(
    `ses_${session}`,
    { all: true },
    Array.from({ length: Math.min(perSession, messages - done) }, (_, offset) => messageOf(done + offset)),
  )
  if (done % 100_000 === 0) process.stderr.write(`\r${done} messages`)
}
process.stderr.write('\rindexing …          \n')
await stores.searchIndex.catchUp()

async function p99Ms(count: number, work: (index: number) => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const begun = performance.now()
    await work(index)
    times.push(performance.now() - begun)
  }
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)]!
}

const all = { all: true } as const
const listing = (index: number) => stores.sessions.list(index % 2 === 0 ? all : { owner: `owner${index % OWNERS}` }, { limit: 50 })
await p99Ms(50, listing)
const sessionsP99Ms = await p99Ms(500, listing)
const searches = []
for (const every of EVERY.toReversed()) {
  const hits = Math.floor(messages / every)
  if (hits < 10) continue
  const query = `every${every}`
  searches.push({
    hits,
    p99Ms: await p99Ms(200, () => stores.sessions.search(all, { query, limit: 50 })),
    ownP99Ms: await p99Ms(200, (index) => stores.sessions.search({ owner: `owner${index % OWNERS}` }, { query, limit: 50 })),
    rankedP99Ms: await p99Ms(200, () => stores.sessions.search(all, { query, limit: 50, order: 'relevance' })),
  })
}
console.log(JSON.stringify({ sessionsP99Ms, searches }))
