import { writeFileSync } from 'node:fs'
import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { openBoardShell } from '../testing/board-shell.ts'

checkForLeaks()

const RECIPE = `version: 1
name: release
inputs: { version: { type: string } }
roles: { builder: {} }
nodes:
  - { key: build, role: builder, title: "Build {{input.version}}" }
  - { key: publish, title: "Publish it", needs: [build] }
`

describe('swarm', () => {
  it('makes workers that share a blackboard, once for a key', async () => {
    await using shell = await openBoardShell()
    const swarm = [
      'swarm',
      'Why',
      'slow?',
      '--worker',
      'ada:Look at the database:sql,perf',
      '--worker',
      'bob:Look at the cache',
      '--verifier',
      'eve',
      '--synthesizer',
      'ada',
      '--key',
      'k',
    ]
    expect((await shell.run(...swarm)).out).toMatch(
      /^swarm \(\S+\):\n {2}#1 blackboard\n {2}#2 worker-1\n {2}#3 worker-2\n {2}#4 verifier\n {2}#5 synthesizer\n$/,
    )
    expect((await shell.run(...swarm)).out).toContain('was made with this key before')
    expect(await shell.storesOf('default').tasks.get(2)).toMatchObject({ state: 'ready', assignee: 'ada', settings: { skills: ['sql', 'perf'] } })
    expect((await shell.run('recipe', 'list')).out).toMatch(/swarm +k +now +#1 #2 #3 #4 #5/)
    expect((await shell.run('recipe', 'show', 'k')).out).toContain('#5 synthesizer')
    expect(await shell.run('swarm', 'x', '--worker', 'ada', '--verifier', 'eve', '--synthesizer', 'ada')).toMatchObject({
      code: 2,
      err: expect.stringContaining('NAME:TITLE'),
    })
  })
})

describe('recipe', () => {
  it('is looked over, and made once for a key', async () => {
    await using shell = await openBoardShell()
    const file = `${shell.home}/release.yaml`
    writeFileSync(file, RECIPE)
    expect((await shell.run('recipe', 'validate', file)).out).toBe('The recipe is sound.\n')
    const run = ['recipe', 'run', file, '--key', '1.2.0']
    expect(await shell.run(...run)).toMatchObject({ code: 2, err: expect.stringContaining('version') })
    await shell.run(...run, '--inputs', '{"version":"1.2.0"}', '--bind', 'builder=ada')
    expect(await shell.storesOf('default').tasks.get(1)).toMatchObject({ title: 'Build 1.2.0', assignee: 'ada' })
    expect(await shell.storesOf('default').tasks.get(2)).toMatchObject({ title: 'Publish it', state: 'todo' })
    expect(await shell.json(...run, '--inputs', '{"version":"1.2.0"}', '--bind', 'builder=ada')).toMatchObject({ created: false })
    writeFileSync(file, 'version: 1\nname: bad\nnodes: [{ key: a, title: x, needs: [b] }]\n')
    expect(await shell.run('recipe', 'validate', file)).toMatchObject({ code: 1, out: 'The recipe has problems: 1.\n', err: expect.stringContaining('nodes') })
    expect(await shell.run('recipe', 'validate', `${file}.none`)).toMatchObject({ code: 2 })
    expect(await shell.run(...run, '--bind', 'builder')).toMatchObject({ code: 2, err: expect.stringContaining('ROLE=NAME') })
  })
})

describe('routines', () => {
  it('make tasks at set times or now, pause, go on and are removed', async () => {
    await using shell = await openBoardShell()
    expect((await shell.run('routines')).out).toBe('There are no routines.\n')
    const made = await shell.run('routines', 'create', 'Weekly report', '--schedule', 'every 2h', '--assignee', 'writer', '--priority', '3', '--zone', 'UTC')
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^'Weekly report' \(\S+\) makes its first task in 2 h/) })
    expect((await shell.run('routines', 'run', 'Weekly report')).out).toBe('Made #1.\n')
    expect(await shell.storesOf('default').tasks.get(1)).toMatchObject({ title: 'Weekly report', assignee: 'writer', priority: 3 })
    expect((await shell.run('routines', 'pause', 'Weekly report')).out).toBe("'Weekly report' is paused.\n")
    expect((await shell.run('routines')).out).toMatch(/Weekly report .*paused +never +#1/)
    expect((await shell.run('routines', 'resume', 'Weekly report')).out).toContain('goes on: in 2 h')
    expect(await shell.run('routines', 'rm', 'Weekly report')).toMatchObject({ code: 0 })
    expect(await shell.run('routines', 'rm', 'Weekly report')).toMatchObject({ code: 1 })
    expect(await shell.run('routines', 'create', 'x', '--schedule', 'now and then')).toMatchObject({ code: 2, err: expect.stringContaining('at character') })
    expect(await shell.run('routines', 'create', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('--schedule') })
  })
})
