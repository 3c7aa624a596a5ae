import { parseArgs } from 'node:util'

/** How `pnpm soak` is used. */
export const SOAK_USAGE = `Runs a gateway of its own under load, and looks whether anything grows or is lost.

  pnpm soak [--seconds 1800] [--rate 50] [--clients 16] [--report]
  pnpm soak --chats [--minutes 10] [--kills 20] [--seed N] [--rate 5] [--report]
  pnpm soak --kanban [--minutes 10] [--kills 60] [--seed N] [--rate 1] [--report]

Alone: HTTP requests of every kind.

  --seconds  how long the load lasts; memory is judged after its first 15 minutes, in runs of 1500 s and more
  --rate     requests a second
  --clients  how many are under way at most

With --chats: people write on all platforms at once, whose services hang, drop, are slow, limit and refuse at random,
while the gateway is killed and started again.

  --minutes  how long it lasts; the kills come in the first 40 % of it
  --kills    how often the gateway is killed with kill -9
  --seed     what the random choices follow from; a new one unless given
  --rate     messages a second, on all platforms together

With --kanban: tasks come in while two dispatchers and their workers are killed, or stopped past their lease and go on.

  --minutes, --seed  as above
  --kills    how many such blows there are
  --rate     tasks a second

  --report   write docs/reports/<date>-soak.md, <date>-soak-chats.md or <date>-soak-kanban.md
`

const OPTIONS = {
  chats: { type: 'boolean', default: false },
  kanban: { type: 'boolean', default: false },
  seconds: { type: 'string' },
  rate: { type: 'string' },
  clients: { type: 'string' },
  minutes: { type: 'string' },
  kills: { type: 'string' },
  seed: { type: 'string' },
  report: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** Numbers that one kind of soak takes, as they are unless given. */
const NUMBERS = {
  requests: { seconds: 1_800, rate: 50, clients: 16 },
  chats: { minutes: 10, kills: 20, seed: 0, rate: 5 },
  kanban: { minutes: 10, kills: 60, seed: 0, rate: 1 },
} as const

type Numbers<Kind extends keyof typeof NUMBERS> = { readonly [Name in keyof (typeof NUMBERS)[Kind]]: number }

interface Asked {
  readonly report: boolean
  readonly help: boolean
}

/** A soak by HTTP requests. */
export type RequestSoakOptions = Asked & Numbers<'requests'> & { readonly kind: 'requests' }

/** A soak by messages on all platforms. */
export type ChatSoakCommand = Asked & Numbers<'chats'> & { readonly kind: 'chats' }

/** A soak of dispatchers and workers. */
export type KanbanSoakCommand = Asked & Numbers<'kanban'> & { readonly kind: 'kanban' }

/** What was asked for, or what is wrong with it. */
export function parseSoakOptions(args: string[]): RequestSoakOptions | ChatSoakCommand | KanbanSoakCommand | string {
  try {
    const { values } = parseArgs({ args, options: OPTIONS })
    const { chats, kanban, report, help, ...given } = values
    if (chats && kanban) return 'It is either --chats or --kanban.'
    const kind = chats ? 'chats' : kanban ? 'kanban' : 'requests'
    const known: Readonly<Record<string, number>> = NUMBERS[kind]
    const wrong = Object.keys(given).find((name) => !(name in known))
    if (wrong !== undefined) return `--${wrong} goes ${kind === 'requests' ? 'with --chats or --kanban' : `without --${kind}`}.`
    const numbers = Object.fromEntries(Object.entries(known).map(([name, fallback]) => [name, Number(given[name as keyof typeof given] ?? fallback)]))
    const bad = Object.entries(numbers).find(([name, number]) => !(number > 0 || (number === 0 && (name === 'kills' || name === 'seed'))))
    if (bad) return `--${bad[0]} is a number above 0.`
    return { kind, report, help, ...numbers } as RequestSoakOptions | ChatSoakCommand | KanbanSoakCommand
  } catch (error) {
    return (error as Error).message
  }
}
