import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCommand } from './parse-command.ts'

describe('parseCommand', () => {
  it('reads name and arguments, whatever case and blanks they are typed with', () => {
    expect(parseCommand('/undo 2', '/')).toEqual({ name: 'undo', line: '2' })
    expect(parseCommand('  /UNDO\n  2 ', '/')).toEqual({ name: 'undo', line: '2' })
    expect(parseCommand('/stop', '/')).toEqual({ name: 'stop', line: '' })
  })

  it('takes the name of a bot off, and dashes for the underscores that some clients want', () => {
    expect(parseCommand('/status@our_bot', '/')).toEqual({ name: 'status', line: '' })
    expect(parseCommand('/reload_mcp@our_bot now', '/')).toEqual({ name: 'reload-mcp', line: 'now' })
  })

  it('reads the long dashes that phones make of two hyphens, and leaves those between words', () => {
    expect(parseCommand('/model fast —global', '/')?.line).toBe('fast --global')
    expect(parseCommand('/queue a pause – like this', '/')?.line).toBe('a pause – like this')
  })

  it('reads the exclamation mark only where the platform has it, and the slash everywhere', () => {
    expect(parseCommand('!help', '!')?.name).toBe('help')
    expect(parseCommand('/help', '!')?.name).toBe('help')
    expect(parseCommand('!important', '/')).toBeUndefined()
  })

  it('leaves messages alone: paths, addresses, lone marks, and commands in the middle', () => {
    for (const text of ['/usr/bin is full', '/', '/2', '// note', 'see /help', '', '/home/ada']) expect(parseCommand(text, '/'), text).toBeUndefined()
  })

  it('never fails, and never makes a name that a table could trip over', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseCommand(`/${text}`, '/')?.name.match(/^[a-z][a-z0-9-]*$/) !== null))
  })
})
