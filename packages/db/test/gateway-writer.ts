/**
 * A process that does a gateway's writing: it accepts turns, appends their events, settles them, and has the search index
 * follow. It prints `accepted <turn>`, `events <turn> <last seq>` and `settled <turn>` once each is on disk. Arguments: the file, a name.
 */
import { openTestDatabases } from '../src/testing/open-test-databases.ts'
import { acceptance, eventsOf, message, sessionNamed, settlement, turnNamed } from '../src/testing/gateway-records.ts'

const [file = '', name = ''] = process.argv.slice(2)
const { databases } = openTestDatabases({ file })
const { turns, searchIndex } = databases.gateway

const say = (line: string) => process.stdout.write(`${line}\n`)

async function converse(lane: number): Promise<never> {
  for (let i = 0; ; i++) {
    const id = `run_${name}_${lane}_${i}`
    const said = { id: `msg_${id}`, role: 'user' as const, content: `needle ${id}` }
    await turns.accept(acceptance(id, { turn: turnNamed(id), session: { create: sessionNamed(`ses_${name}_${lane}`) }, messages: [said] }))
    say(`accepted ${id}`)
    for (let seq = 1; seq <= 9; seq += 3) {
      await turns.appendEvents(eventsOf(id, seq, seq + 2), 'runner_1')
      say(`events ${id} ${seq + 2}`)
    }
    await turns.settle(id, 'runner_1', settlement('done', { messages: [{ ...message('needle answered'), id: `answer_${id}` }], events: eventsOf(id, 10, 10) }))
    say(`settled ${id}`)
  }
}

async function follow(): Promise<never> {
  for (;;) {
    await searchIndex.catchUp()
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

await Promise.all([...Array.from({ length: 8 }, (_, lane) => converse(lane)), follow()])
