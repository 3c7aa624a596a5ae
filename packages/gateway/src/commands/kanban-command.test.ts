import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { openTestCommands } from '../../test/open-test-commands.ts'
import { TestAgent } from '../../test/test-agent.ts'
import type { CommandKanbanSource } from './command-services.ts'

checkForLeaks()

describe('/kanban', () => {
  it('gives the line to the boards as it was typed, with who typed it and where', async () => {
    const asked: [string, CommandKanbanSource][] = []
    await using test = await openTestCommands({
      kanban: async (line, source) => {
        asked.push([line, source])
        return 'Made #1.'
      },
    })
    expect((await test.type('/kanban create "Two  words" --body "a\nb"', { tier: 'user' })).text).toBe('Made #1.')
    await test.say('hello')
    await test.type('!kanban', { prefix: '!' })
    const chat = { platform: 'twin', account: 'bot', chatId: 'chat', threadId: '' }
    expect(asked).toEqual([
      ['create "Two  words" --body "a\nb"', { actor: 'chat:twin:bot:ada', isAdmin: false, name: '/kanban', origin: { chat } }],
      ['', { actor: 'chat:twin:bot:ada', isAdmin: true, name: '!kanban', origin: { chat, sessionId: expect.stringMatching(/^ses_/) } }],
    ])
  })

  it('works while an answer is being written', async () => {
    await using test = await openTestCommands({ agent: new TestAgent(), kanban: async () => 'Made #1.' })
    await test.ask('one')
    await test.agent.next()
    expect((await test.type('/kanban create x')).text).toBe('Made #1.')
    expect((await test.type('/stop')).text).toBe('Stopped.')
  })

  it('says that there are no boards where there are none', async () => {
    await using test = await openTestCommands()
    expect((await test.type('/kanban list')).text).toBe('There are no boards here.')
  })
})
