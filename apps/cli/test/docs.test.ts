import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { createProgram } from '../src/program.ts'

// docs/cli.md says what there is, and nothing else.

const docs = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'cli.md'), 'utf8')

/** What is documented of each command, by its heading: `talaria keys create <name>`. */
const documented = new Map(
  docs
    .split(/^## `/m)
    .slice(1)
    .map((section): [string, string] => [section.slice(0, section.indexOf('`')), section]),
)

/** Every command that does something, by what one types. */
const commands = new Map(leavesOf(createProgram()).map((command): [string, Command] => [usageOf(command), command]))

test('every command is documented, and every documented command exists', () => {
  expect([...documented.keys()].toSorted()).toEqual([...commands.keys()].toSorted())
})

test.for([...commands.keys()])('%s: every option is documented, and every documented option exists', (usage) => {
  const rows = [...documented.get(usage)!.matchAll(/^\| `(-[^`]+)` \|/gm)].map(([, flags]) => flags)
  expect(rows).toEqual(commands.get(usage)!.options.map(({ flags }) => flags))
})

test('every word that looks like an option is one', () => {
  const known = [...commands.values()].flatMap(({ options }) => options.map(({ long }) => long))
  for (const [, flag] of docs.matchAll(/(--[a-z]+)/g)) expect([...known, '--help', '--version']).toContain(flag)
})

function leavesOf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}

function usageOf(command: Command): string {
  const words = [command.name(), ...command.registeredArguments.map((argument) => `<${argument.name()}>`)]
  return command.parent ? `${usageOf(command.parent)} ${words.join(' ')}` : words.join(' ')
}
