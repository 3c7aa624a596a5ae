import { appendFileSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { ServiceProcess, until } from '@talaria/core/testing'
import { IrcServer } from '@talaria/gateway/test-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGateway, type RunningGateway } from './running-gateway.ts'

let irc: IrcServer
let gateway: RunningGateway
beforeAll(async () => {
  irc = await IrcServer.start()
  const settings = ['IRC_SERVER=127.0.0.1', `IRC_PORT=${irc.port}`, 'IRC_USE_TLS=false', 'IRC_NICKNAME=tally', 'IRC_CHANNEL=#x']
  gateway = await startGateway('TALARIA_LOG_FILE=logs/gateway.log', ...settings)
  await gateway.process.logs('IRC is connected')
}, 60_000)
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await irc?.[Symbol.asyncDispose]()
})

/** What a command printed as JSON. */
const json = async (...args: readonly string[]) => JSON.parse((await gateway.talaria(...args, '--json')).stdout)
const heard = async (words: RegExp) => {
  await until(`irc hears ${String(words)}`, 20_000, () => irc.said.some(({ text }) => words.test(text)))
  return words.exec(irc.said.findLast(({ text }) => words.test(text))!.text)!
}

// One gateway for all; a command is a process of its own, a second or more on a busy machine.
describe('an operator', { timeout: 120_000 }, () => {
  test('lists, pauses, resumes and reconnects a platform; another name, and one that is not set up, are refused', async () => {
    expect((await gateway.talaria('platform', 'list')).stdout).toMatch(/^irc +connected +\d+ s ago +1$/m)
    expect(await gateway.talaria('platform', 'pause', 'irc')).toMatchObject({ code: 0, stdout: "'irc' is paused.\n" })
    await until('it has left', 10_000, () => irc.present.length === 0)
    expect(await gateway.talaria('platform', 'reconnect', 'irc')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Resume it first') })
    expect((await gateway.talaria('platform', 'resume', 'irc')).code).toBe(0)
    await until('it is back', 20_000, () => irc.present.length === 1)
    expect((await gateway.talaria('platform', 'reconnect', 'irc')).code).toBe(0)
    await until('it has come anew', 20_000, () => irc.asked === 3 && irc.present.length === 1)
    const wrong = [['pause', 'telegrm'], ['pause', 'telegram'], ['pause', 'api_server'], ['pause'], ['stop', 'irc']]
    const said = await Promise.all(wrong.map((args) => gateway.talaria('platform', ...args)))
    expect(said.map(({ code, stdout }) => [code, stdout])).toEqual([...Array.from({ length: 3 }, () => [1, '']), [2, ''], [2, '']])
    expect(said.map(({ stderr }) => stderr)).toEqual([
      expect.stringContaining("There is no platform 'telegrm'"),
      expect.stringContaining('TELEGRAM_BOT_TOKEN'),
      expect.stringContaining('is what answers here'),
      expect.stringContaining('missing required argument'),
      expect.stringContaining('unknown command'),
    ])
  })

  test('pairs a stranger by their code, and makes them a stranger again; wrong codes are refused', async () => {
    irc.say('tally', 'hello?')
    const [, code] = await heard(/pairing code is ([A-Z2-9]{8})/)
    expect((await gateway.talaria('pairing', 'list')).stdout).toMatch(/^irc +ada!~ada@host\.example +ada +asked \d+ s ago$/m)
    expect(await gateway.talaria('pairing', 'approve', 'irc', 'AAAAAAAA')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('refused (400)'),
    })
    expect((await gateway.talaria('pairing', 'approve', 'irc', code!)).stdout).toBe('ada (ada!~ada@host.example) may talk to the agent on irc.\n')
    irc.say('tally', 'we have met')
    await heard(/we have met/)
    expect(await json('pairing', 'list')).toMatchObject({ pending: [], users: [{ platform: 'irc', user_id: 'ada!~ada@host.example' }] })
    expect((await gateway.talaria('pairing', 'revoke', 'irc', 'ada!~ada@host.example')).stdout).toContain('is a stranger on irc again')
    const wrong = [['revoke', 'irc', 'nobody'], ['approve', 'irc', code!], ['approve', 'irc'], ['revoke']]
    expect((await Promise.all(wrong.map((args) => gateway.talaria('pairing', ...args)))).map((said) => said.code)).toEqual([1, 1, 2, 2])
  })

  test('finds a conversation, reads it and deletes it; what there is not, and what cannot be meant, is refused', async () => {
    const [session] = (await json('sessions', 'list', '--source', 'irc')) as { id: string }[]
    const { id } = session!
    expect((await gateway.talaria('sessions', 'list', '--limit', '1')).stdout).toContain(id)
    expect((await gateway.talaria('sessions', 'show', id)).stdout).toMatch(/\] user: we have met\n\[.*\] assistant: [^]*we have met/)
    expect((await gateway.talaria('sessions', 'search', '"we have met"')).stdout).toContain(id)
    expect(await gateway.talaria('sessions', 'delete', id)).toMatchObject({ code: 0, stdout: `Session ${id} is deleted.\n` })
    const wrong = [['show', id], ['delete', id], ['show', '../jobs'], ['list', '--limit', '0'], ['list', '--limit', 'many'], ['search']]
    const said = await Promise.all(wrong.map((args) => gateway.talaria('sessions', ...args)))
    expect(said.map(({ code, stdout }) => [code, stdout])).toEqual([
      [1, ''],
      [1, ''],
      [1, ''],
      [2, ''],
      [2, ''],
      [2, ''],
    ])
    expect(await json('sessions', 'list', '--source', 'irc')).toEqual([])
  })

  test('makes a job, changes, runs and removes it; a schedule that cannot be read is refused at the place of the fault', async () => {
    expect((await gateway.talaria('cron', 'next', '0 9 * * mon', '--zone', 'Europe/Berlin', '--count', '2')).stdout.trim().split('\n')).toHaveLength(3)
    const added = await gateway.talaria(
      'cron',
      'add',
      'daily word',
      '!say good morning',
      '--schedule',
      '0 9 * * *',
      '--zone',
      'Europe/Berlin',
      '--deliver',
      'none',
    )
    expect(added).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Job 'daily word' \(\S+\) runs next at /) })
    expect((await gateway.talaria('cron', 'edit', 'daily word', '--schedule', '@hourly', '--name', 'hourly word')).stdout).toMatch(
      /^Job 'hourly word' is changed/,
    )
    expect((await gateway.talaria('cron', 'pause', 'hourly word')).code).toBe(0)
    expect(await json('cron', 'list')).toMatchObject([{ name: 'hourly word', state: 'paused' }])
    expect((await gateway.talaria('cron', 'resume', 'hourly word')).code).toBe(0)
    expect((await gateway.talaria('cron', 'run', 'hourly word')).stdout).toMatch(/^Job 'hourly word' is run now/)
    await until('it has run', 60_000, async () => (await gateway.talaria('cron', 'runs', 'hourly word')).stdout.includes('good morning'))
    const wrong = [
      ['add', 'x', 'y', '--schedule', '0 25 * * *'],
      ['add', 'x', 'y', '--schedule', '@daily', '--zone', 'Mars/Olympus'],
      ['show', 'nobody'],
      ['runs', 'hourly word', '--limit', 'many'],
      ['add', 'x', 'y'],
      ['add', 'x', 'y', '--schedule', '@daily', '--overlap', 'perhaps'],
    ]
    const said = await Promise.all(wrong.map((args) => gateway.talaria('cron', ...args)))
    expect(said.map(({ code, stdout }) => [code, stdout])).toEqual([
      [1, ''],
      [1, ''],
      [1, ''],
      [1, ''],
      [2, ''],
      [2, ''],
    ])
    expect(said[0]!.stderr).toMatch(/refused \(400\).*25/)
    expect((await gateway.talaria('cron', 'remove', 'hourly word')).stdout).toBe("Job 'hourly word' is deleted.\n")
    expect(await json('cron', 'list')).toEqual([])
  })

  test('has the settings read again', async () => {
    const file = join(gateway.home, '.env')
    appendFileSync(file, 'TALARIA_LOG_LEVEL=debug\nTALARIA_LOG_FILES=9\n')
    expect(await gateway.talaria('reload')).toEqual({
      code: 0,
      stderr: '',
      stdout: 'Changed: TALARIA_LOG_LEVEL\nOnly in force after a restart: TALARIA_LOG_FILES\n',
    })
    appendFileSync(file, 'TALARIA_LOG_LEVEL=info\n')
    expect(await json('reload')).toEqual({ changed: ['TALARIA_LOG_LEVEL'], reconnecting: [], needsRestart: ['TALARIA_LOG_FILES'] })
  })

  test('reads the log: the last lines, by level and by word, and as it goes on while the file is put aside', async () => {
    const file = join(gateway.home, 'logs', 'gateway.log')
    const last = await gateway.talaria('logs', '--lines', '2')
    expect(last.stdout).toMatch(/^(\d{4}-\d\d-\d\dT[\d:.]+Z (INFO|WARN|ERROR) .+\n){2}$/)
    expect((await gateway.talaria('logs', '--json', '--lines', '1')).stdout).toBe(`${readFileSync(file, 'utf8').trim().split('\n').at(-1)}\n`)
    expect((await gateway.talaria('logs', '--grep', 'irc IS connected')).stdout.trim().split('\n')).toHaveLength(3)
    const grave = (await gateway.talaria('logs', '--level', 'warn', '--json', '--lines', '1000')).stdout.trim().split('\n')
    expect(grave.every((line) => (JSON.parse(line) as { level: number }).level >= 40)).toBe(true)
    expect(JSON.stringify(grave)).toContain('a pairing code was wrong')
    expect((await gateway.talaria('logs', '--lines', '100000')).stdout).not.toContain(gateway.key)
    const wrong = await Promise.all([['--level', 'loud'], ['--lines', '0'], ['everything']].map((args) => gateway.talaria('logs', ...args)))
    expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2])

    const args = ['logs', '--follow', '--lines', '1', '--grep', 'word']
    await using following = new ServiceProcess({ main: join(import.meta.dirname, '..', 'src', 'main.ts'), args, home: gateway.home, env: {} })
    const line = (msg: string) => `${JSON.stringify({ level: 30, time: 0, msg })}\n`
    appendFileSync(file, line('word 0'))
    for (let count = 1; count <= 3; count++) {
      await until('it was read', 20_000, () => following.stdout.includes(`word ${count - 1}\n`))
      renameSync(file, `${file}.${4 - count}`)
      appendFileSync(file, line(`word ${count}`))
    }
    await until('the last is read', 20_000, () => following.stdout.includes('word 3\n'))
    expect(following.stdout).toBe([0, 1, 2, 3].map((count) => `1970-01-01T00:00:00.000Z INFO  word ${count}\n`).join(''))
  })
})
