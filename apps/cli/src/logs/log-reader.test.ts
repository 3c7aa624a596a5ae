import { appendFileSync, readdirSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { temporaryHome } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { LogReader } from './log-reader.ts'

const readAll = (reader: LogReader) => Array.fromAsync(reader.read())

function rotate(file: string, kept: number): void {
  for (let index = kept - 1; index >= 1; index--)
    try {
      renameSync(`${file}.${index}`, `${file}.${index + 1}`)
    } catch {
      // there are not so many yet
    }
  renameSync(file, `${file}.1`)
}

test('all there is comes first, the oldest file before the others; then what is new', async () => {
  using home = temporaryHome()
  const file = home.file('gateway.log')
  writeFileSync(`${file}.2`, 'a\n')
  writeFileSync(`${file}.1`, 'b\nc\n')
  writeFileSync(file, 'd\nhal')
  await using reader = new LogReader(file)
  expect(await readAll(reader)).toEqual(['a', 'b', 'c', 'd'])
  expect(await readAll(reader)).toEqual([])
  appendFileSync(file, 'f\ne\n')
  expect(await readAll(reader)).toEqual(['half', 'e'])
})

test('however often the file is put aside between two looks, each line is read once, and one file is held open', async () => {
  using home = temporaryHome()
  const file = home.file('gateway.log')
  await using reader = new LogReader(file)
  expect(await readAll(reader)).toEqual([])
  const written: string[] = []
  const seen: string[] = []
  for (let round = 0; round < 30; round++) {
    for (let times = 0; times <= round % 4; times++) {
      if (round > 0) rotate(file, 6)
      for (let line = 0; line < 3; line++) {
        written.push(`line ${written.length}`)
        appendFileSync(file, `${written.at(-1)}\n`)
      }
    }
    seen.push(...(await readAll(reader)))
    const held = readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(home.path)
      } catch {
        return false
      }
    })
    expect(held).toHaveLength(1)
  }
  expect(seen).toEqual(written)
})

test('when the file that it was in is deleted, it goes on with the oldest that is left', async () => {
  using home = temporaryHome()
  const file = home.file('gateway.log')
  writeFileSync(file, 'a\n')
  await using reader = new LogReader(file)
  expect(await readAll(reader)).toEqual(['a'])
  rmSync(file)
  writeFileSync(`${file}.1`, 'y\n')
  writeFileSync(file, 'z\n')
  expect(await readAll(reader)).toEqual(['y', 'z'])
})

test('letters of several bytes are whole, wherever a piece of the file ends', async () => {
  using home = temporaryHome()
  const file = home.file('gateway.log')
  const line = `x${'ä'.repeat(400_000)}`
  writeFileSync(file, `${line}\n`)
  await using reader = new LogReader(file)
  expect(await readAll(reader)).toEqual([line])
})
