import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { openBoardShell } from '../testing/board-shell.ts'
import { createChatCommand } from './chat-command.ts'

checkForLeaks()

const CHAT = { platform: 'telegram', account: 'bot', chatId: '4711', threadId: '' }
const ADA = { actor: 'chat:telegram:bot:ada', origin: { chat: CHAT, sessionId: 'ses_1' }, isAdmin: false, name: '/kanban' }

describe('/kanban in a chat', () => {
  it('makes tasks that remember the conversation and report to it, unless a program asks', async () => {
    await using shell = await openBoardShell()
    const command = createChatCommand({ databases: shell.databases, clock: shell.clock, isDispatcherRunning: async () => true })
    expect(await command(`create Fix the user's log-in --assignee coder --body "two\nlines"`, ADA)).toBe('Made #1 ready "Fix the user\'s log-in".')
    const { tasks, subscriptions } = shell.storesOf('default')
    expect(await tasks.get(1)).toMatchObject({ body: 'two\nlines', origin: ADA.origin, createdBy: ADA.actor })
    expect(await subscriptions.list()).toMatchObject([{ taskNumber: 1, mode: 'notify+wake', target: { kind: 'chat', ...CHAT, sessionId: 'ses_1' } }])
    await command('create quiet --no-subscribe', ADA)
    expect(JSON.parse((await command('create program --json', ADA)).replaceAll('```', ''))).toMatchObject({ task: { number: 3 } })
    expect(await subscriptions.list()).toHaveLength(1)
    expect(await command('unsubscribe 1', ADA)).toBe('It is told no longer.')
    expect(await command('subscribe 2', ADA)).toContain('telegram:bot:4711 is told of #2.')
    expect(await command('list --mine', ADA)).toContain('#1')
  })

  it('says what is wrong with what was typed, and helps, in the words of the chat', async () => {
    await using shell = await openBoardShell()
    const command = createChatCommand({ databases: shell.databases, clock: shell.clock, isDispatcherRunning: async () => false })
    expect(await command('', ADA)).toMatch(/^```\nUsage: \/kanban[^]*\/kanban why 12[^]*\n```$/)
    expect(await command('complete 7', ADA)).toBe('/kanban: There is no task 7 on this board.')
    expect(await command('create x --loud', ADA)).toContain("unknown option '--loud'")
    expect(await command('create x', ADA)).toContain('No dispatcher is running')
  })

  it('reaches beyond the boards for admins only', async () => {
    await using shell = await openBoardShell()
    const command = createChatCommand({ databases: shell.databases, clock: shell.clock })
    await command('create x', ADA)
    for (const line of [
      'create y --body-file /etc/passwd',
      'create y --workspace dir:/',
      'create y --workspace worktree',
      'create y --check "command:rm -rf /"',
      'create y --gate command:reboot',
      'edit 1 --check "command:rm -rf /"',
      'specify 1 --workspace dir:/',
      'attach 1 /etc/passwd',
      'subscribe 1 --webhook http://169.254.169.254/',
      'subscribe 1 --chat telegram:bot:1',
      'boards set-default-workdir default /',
      'boards rm default --yes',
      'gc',
      'recipe validate /etc/passwd',
      'routines create x --schedule @daily --check command:reboot',
    ]) {
      expect(await command(line, ADA), line).toMatch(/is for admins\.$/)
    }
    expect((await shell.json<{ tasks: unknown[] }>('list')).tasks).toHaveLength(1)
    expect(await command('create y --workspace scratch --gate person', ADA)).toContain('Made #2')
    expect(await command('create z --check command:true', { ...ADA, isAdmin: true })).toContain('Made #3')
  })

  it('never follows, and is cut to what a chat takes', async () => {
    await using shell = await openBoardShell()
    const command = createChatCommand({ databases: shell.databases, clock: shell.clock })
    for (let count = 0; count < 60; count += 1) await shell.storesOf('default').tasks.create({ title: `task ${count} ${'x'.repeat(60)}` }, 'cli')
    expect(await command('watch', ADA)).toContain('task.created')
    const list = await command('list', ADA)
    expect(list.length).toBeLessThan(3_900)
    expect(list).toMatch(/^```\nTASK[^]*\n… and \d+ lines more: ask for less, or in a terminal\.\n```$/)
    await shell.run('comment', '1', 'a block: ```\ncode\n```')
    expect(await command('show 1', ADA)).toMatch(/^````\n[^]*\n````$/)
  })
})
