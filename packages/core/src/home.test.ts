import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { homePaths, talariaHome } from './home.ts'

test('the home is ~/.talaria unless TALARIA_HOME says otherwise; an empty one says nothing', () => {
  expect(talariaHome({ HOME: '/home/ada' })).toBe('/home/ada/.talaria')
  expect(talariaHome({ HOME: '/home/ada', TALARIA_HOME: '' })).toBe('/home/ada/.talaria')
  expect(talariaHome({ HOME: '/home/ada', TALARIA_HOME: '/srv/talaria/' })).toBe('/srv/talaria')
  expect(talariaHome({})).toBe(resolve(homedir(), '.talaria'))
})

test('a tilde stands for the home of the person, and only at the beginning of a path', () => {
  expect(talariaHome({ HOME: '/home/ada', TALARIA_HOME: '~/agents/one' })).toBe('/home/ada/agents/one')
  expect(talariaHome({ HOME: '/home/ada', TALARIA_HOME: '~' })).toBe('/home/ada')
  expect(talariaHome({ HOME: '/home/ada', TALARIA_HOME: '/srv/~backup' })).toBe('/srv/~backup')
})

test('a relative home is taken from the working directory, so that it stays the same after a chdir', () => {
  expect(talariaHome({ HOME: '/home/ada', TALARIA_HOME: 'data' })).toBe(resolve('data'))
})

test('every path of a home lies in it', () => {
  const { home, ...inside } = homePaths('/srv/talaria')
  expect(home).toBe('/srv/talaria')
  expect(inside).toEqual({
    configFile: '/srv/talaria/config.yaml',
    envFile: '/srv/talaria/.env',
    gatewayDb: '/srv/talaria/gateway.db',
    webuiDb: '/srv/talaria/webui.db',
    boardsDir: '/srv/talaria/boards',
    backupsDir: '/srv/talaria/backups',
    logsDir: '/srv/talaria/logs',
  })
})
