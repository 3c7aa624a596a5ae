import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { commandsMarkdown } from '../../test/commands-markdown.ts'
import { NOT_APPLICABLE } from './not-applicable.ts'
import { COMMANDS, findCommand } from './registry.ts'

const docs = (page: string) => fileURLToPath(new URL(`../../../../docs/${page}`, import.meta.url))

/** Hermes' own list, gateway and terminal commands with their aliases. */
const HERMES = `start new reset topic save retry undo title branch fork compress compact rollback stop pause approve deny background bg btw agents tasks queue q
  steer goal subgoal heartbeat hb loop refine moa status context ctx egress whoami profile sethome resume sessions model codex-runtime personality diff footer
  yolo approvals reasoning fast voice busy memory bundles learn init suggestions blueprint bp curator kanban reload-mcp reload-skills commands help restart usage
  topup insights platform update version debug verbose skills clear redraw history prompt handoff worktree snapshot export import journey config statusbar battery
  timestamps focus skin indicator wake tools toolsets pet hatch cron reload browser plugins subscription platforms copy paste image quit`

describe('the registry of commands', () => {
  it('knows every command of Hermes: it works, or says why it does nothing', () => {
    expect(HERMES.split(/\s+/).filter((name) => !findCommand(name))).toEqual([])
  })

  it('describes what it has in sentences', () => {
    for (const { name, help } of COMMANDS) expect(help, name).toMatch(/^[A-Z].*\.$/)
    for (const { name, reason } of NOT_APPLICABLE) expect(reason, name).toMatch(/^[A-Z].*\.$/)
  })

  /** After a change: `npx vitest run --project gateway src/commands/registry.test.ts --update`. */
  it('is what docs/commands.md says', async () => {
    await expect(commandsMarkdown()).toMatchFileSnapshot(docs('commands.md'))
  })

  it('has every command that the page on authorisation names', () => {
    const named = [...readFileSync(docs('authorisation.md'), 'utf8').matchAll(/`\/([a-z-]+)[` ]/g)].map(([, name]) => name!)
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter((name) => !findCommand(name))).toEqual([])
  })
})
