import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { COMMANDS } from './commands.ts'
import { parseScript } from './parse-script.ts'

const one = (line: string) => parseScript(line)?.steps[0]?.[0]
const mistakesOf = (text: string) => parseScript(text)?.mistakes.join(' ')

test('a message without a line that begins with ! and a letter is no script', () => {
  for (const text of ['hello', 'wow!', '!!!', '! say it', '', 'say !say']) expect(parseScript(text)).toBeUndefined()
})

test('lines of a script that are no commands are for people', () => {
  expect(parseScript('Please do this:\n  !say hello\nthank you')).toEqual({ steps: [[{ do: 'say', text: 'hello' }]], mistakes: [] })
})

test.each([
  ['!say a  b\\nc', { do: 'say', text: 'a  b\nc' }],
  ['!SAY a', { do: 'say', text: 'a' }],
  ['!think hm', { do: 'think', text: 'hm' }],
  ['!stream 50 chunks every 20ms word', { do: 'stream', chunks: 50, everyMs: 20, text: 'word ' }],
  ['!stream 3', { do: 'stream', chunks: 3, everyMs: 0, text: 'word ' }],
  ['!stream 1 chunk {n} of many', { do: 'stream', chunks: 1, everyMs: 0, text: '{n} of many ' }],
  ['!call look {"at": [1, "two"]}', { do: 'call', tool: 'look', arguments: '{"at":[1,"two"]}' }],
  ['!call look', { do: 'call', tool: 'look', arguments: '' }],
  ['!json', { do: 'json', text: undefined }],
  ['!json {"a":1}', { do: 'json', text: '{"a":1}' }],
  ['!pause 1.5s', { do: 'pause', ms: 1_500 }],
  ['!fail 429 retry-after=1 times=2 slow down', { do: 'fail', with: '429', retryAfter: '1', times: 2, message: 'slow down' }],
  ['!fail ECONNRESET', { do: 'fail', with: 'ECONNRESET', retryAfter: undefined, times: Number.POSITIVE_INFINITY, message: 'a scripted failure' }],
  ['!hang', { do: 'hang' }],
  ['!finish content_filter', { do: 'finish', reason: 'content_filter' }],
  ['!help', { do: 'help' }],
])('%s is understood', (line, instruction) => {
  expect(one(line)).toEqual(instruction)
})

test('!then divides a script into steps', () => {
  expect(parseScript('!call a\n!call b\n!then\n!call c\n!then\n!say d')?.steps.map((step) => step.length)).toEqual([2, 1, 1])
})

test('!repeat does one command many times', () => {
  expect(parseScript('!repeat 3 !say x')?.steps[0]).toHaveLength(3)
  expect(parseScript('!repeat 2 repeat 2 say x')?.steps[0]).toHaveLength(4)
})

test.each([
  ['!sing', 'there is no command !sing'],
  ['!constructor', 'there is no command !constructor'],
  ['!say', 'it needs a text; it is written `!say TEXT`'],
  ['!stream many', "'many' is not what it expects; it is written `!stream"],
  ['!stream 5 chunks every day', "'day' is not what it expects"],
  ['!stream 1000000', 'at most 100000 chunks'],
  ['!call', 'something is missing after it'],
  ['!call look {at}', "'{at}' is not JSON"],
  ['!pause 5', "'5' is not what it expects"],
  ['!pause 2000000s', 'at most an hour'],
  ['!fail 200', "'200' is not what it expects"],
  ['!fail 500 after=3', "there is no option 'after'"],
  ['!finish early', "'early' is not what it expects"],
  ['!say a\n!then\n!say b', 'there is no !call before it to wait for'],
  ['!repeat 3', 'it is written `!repeat N COMMAND`'],
  ['!repeat 3 then', 'it is written `!repeat N COMMAND`'],
  ['!repeat 100000 say x', 'at most 10000 times'],
  ['!repeat 9999 say x\n!repeat 9999 say x', 'the script is too long'],
])('%j is a mistake that is explained', (text, explanation) => {
  expect(mistakesOf(text)).toContain(explanation)
})

test('every bad line is named, not only the first', () => {
  expect(parseScript('!sing\n!say ok\n!dance')?.mistakes).toHaveLength(2)
})

test('no text whatever makes the parser throw', () => {
  const line = fc.tuple(fc.constantFrom(...Object.keys(COMMANDS), 'then', 'repeat', 'x'), fc.string()).map(([name, rest]) => `!${name} ${rest}`)
  fc.assert(fc.property(fc.array(line), (lines) => parseScript(lines.join('\n')) !== null))
})
