import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { openTestCommands } from '../../test/open-test-commands.ts'
import { WorkPause } from './work-pause.ts'

checkForLeaks()

describe('commands about the gateway', () => {
  it('list platforms, pause, resume and reconnect one', async () => {
    await using test = await openTestCommands()
    const state = () => test.platforms.get('twin')!.status.state
    expect((await test.type('/platform')).text).toBe('- twin: connected')
    expect((await test.type('/platform pause')).text).toContain('/platform pause telegram')
    expect((await test.type('/platform pause Twin')).text).toBe('Twin is paused.')
    expect(state()).toBe('paused')
    expect((await test.type('/platform reconnect twin')).text).toBe('twin is paused, so it cannot be told to reconnect.')
    await test.type('/platform resume twin')
    await expect.poll(state).toBe('connected')
    expect((await test.type('/platform reconnect twin')).text).toBe('twin connects anew.')
    expect((await test.type('/platform pause nowhere')).text).toContain("There is no platform 'nowhere'")
  })

  it('pause all new work until it is switched on again, restarts included', async () => {
    await using test = await openTestCommands()
    await test.type('/pause')
    expect(await new WorkPause(test.stores.platforms).isOn()).toBe(true)
    expect((await test.type('/status')).text).toContain('All new work is paused.')
    await test.type('/pause off')
    expect(await new WorkPause(test.stores.platforms).isOn()).toBe(false)
  })

  it('restart the gateway where somebody would start it again', async () => {
    let restarts = 0
    await using test = await openTestCommands({ restart: () => restarts++ })
    expect((await test.type('/restart')).text).toContain('to start it again')
    expect(restarts).toBe(1)
  })

  it('say what they cannot do where nobody would start it again, and nothing runs on a schedule', async () => {
    await using test = await openTestCommands()
    expect((await test.type('/restart')).text).toContain('cannot be restarted from here')
    expect((await test.type('/cron')).text).toBe('Nothing runs on a schedule here.')
  })

  it('list jobs, and run, pause and resume one', async () => {
    const told: string[] = []
    const tell = (what: string) => async (job: string) => job === 'news' && told.push(what) > 0
    const jobs = [{ id: 'job_1', name: 'news', schedule: 'every day', isPaused: false, nextAt: 0 }]
    await using test = await openTestCommands({
      cron: { list: async () => jobs, add: async () => jobs[0]!, run: tell('run'), pause: tell('pause'), resume: tell('resume') },
    })
    expect((await test.type('/cron')).text).toBe('- news (job_1): every day, next 1970-01-01T00:00:00.000Z')
    expect((await test.type('/cron run news')).text).toBe('news runs.')
    expect((await test.type('/cron pause news')).text).toBe('news is paused.')
    expect((await test.type('/cron resume news')).text).toBe('news is resumed.')
    expect(told).toEqual(['run', 'pause', 'resume'])
    expect((await test.type('/cron run other')).text).toContain("There is no job 'other'")
  })
})

describe('a job that is made in a chat', () => {
  it('has the schedule that is in quotes, or is one word, and is about the chat', async () => {
    const made: unknown[] = []
    const listing = { id: 'job_1', name: 'news', schedule: '', isPaused: false, nextAt: 0 }
    const nothing = async () => false
    const add = async (job: object) => (made.push(job), listing)
    await using test = await openTestCommands({ cron: { list: async () => [], add, run: nothing, pause: nothing, resume: nothing } })
    expect((await test.type('/cron add "0 8 * * MON-FRI" What is new?\nBe brief')).text).toBe("Job 'news' (job_1) runs next at 1970-01-01T00:00:00.000Z.")
    await test.type('/cron add @daily Sum up')
    const origin = { platform: 'twin', account: 'bot', chatId: 'chat', threadId: '' }
    expect(made).toMatchObject([
      { schedule: '0 8 * * MON-FRI', prompt: 'What is new?\nBe brief', origin },
      { schedule: '@daily', prompt: 'Sum up', origin },
    ])
    expect((await test.type('/cron add @daily')).text).toMatch(/^When, and what\?/)
    expect(made).toHaveLength(2)
  })
})

describe('commands that only show', () => {
  it('show what a conversation takes, and all of one person', async () => {
    await using test = await openTestCommands()
    await test.say('one')
    await test.say('two', { user: 'eve' })
    expect((await test.type('/usage')).text).toBe('Tokens: 3 in (0 cached), 5 out (0 thinking).\nMessages: 2. Tool calls: 0.')
    await test.type('/new')
    await test.say('three')
    expect((await test.type('/insights')).text).toBe('In conversations of the last 30 days: 2 conversations, 4 messages, 0 tool calls.\nTokens: 6 in, 10 out.')
    expect((await test.type('/status')).text).toMatch(
      /^Conversation: untitled, ses_\w+, begun .*\nMessages: 2\. Tokens: 3 in, 5 out\.\nNothing is being answered\.\nWaiting: 0\. Model: the default\.$/,
    )
    expect((await test.type('/debug')).text).toMatch(/^Talaria 1\.2\.3, Node v[\d.]+, [^]*- twin: connected$/)
  })
})
