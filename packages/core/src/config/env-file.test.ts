import { expect, test } from 'vitest'
import { parseEnvFile } from './env-file.ts'

test('values and lines are those of the assignment that counts', () => {
  const { values, lineOf, broken } = parseEnvFile('# Talaria\n\nA=1\nexport B="two words" # why\nC=\'x\ny\'\nA=3\r\nD=\n')
  expect(values).toEqual({ A: '3', B: 'two words', C: 'x\ny', D: '' })
  expect(['A', 'B', 'C', 'D', 'E'].map(lineOf)).toEqual([7, 4, 5, 8, undefined])
  expect(broken).toEqual([])
})

test('what Node passes over in silence is noted', () => {
  const { broken } = parseEnvFile('A=1\nB: 2\njust words\nC="never closed\nD=4\n')
  expect(broken).toEqual([
    { line: 2, problem: 'is not of the form NAME=value' },
    { line: 3, problem: 'is not of the form NAME=value' },
    { line: 4, problem: 'opens a quotation (") that nothing closes' },
  ])
})

test('lines within a quotation are no lines of their own', () => {
  expect(parseEnvFile('A="one\nno assignment\n"\nB=2').broken).toEqual([])
})
