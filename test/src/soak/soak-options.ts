import { parseArgs } from 'node:util'

/** How `pnpm soak` is used. */
export const SOAK_USAGE = `Runs a gateway of its own under load, and looks whether anything grows or is lost.

  pnpm soak [--seconds 1800] [--rate 50] [--clients 16] [--report]
  pnpm soak --chats [--minutes 10] [--kills 20] [--seed N] [--rate 5] [--report]

Without --chats: HTTP requests of every kind.

  --seconds  how long the load lasts; memory is judged after its first 15 minutes, in runs of 1500 s and more
  --rate     requests a second
  --clients  how many are under way at most

With --chats: people write on all platforms at once, whose services hang, drop, are slow, limit and refuse at random,
while the gateway is killed and started again.

  --minutes  how long it lasts; the kills come in the first 40 % of it
  --kills    how often the gateway is killed with kill -9
  --seed     what the random choices follow from; a new one unless given
  --rate     messages a second, on all platforms together

  --report   write docs/reports/<date>-soak.md, or <date>-soak-chats.md
`

const OPTIONS = {
  chats: { type: 'boolean', default: false },
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
} as const

type Numbers<Kind extends keyof typeof NUMBERS> = { readonly [Name in keyof (typeof NUMBERS)[Kind]]: number }

interface Asked {
  readonly report: boolean
  readonly help: boolean
}

/** A soak by HTTP requests. */
export type RequestSoakOptions = Asked & Numbers<'requests'> & { readonly chats: false }

/** A soak by messages on all platforms. */
export type ChatSoakCommand = Asked & Numbers<'chats'> & { readonly chats: true }

/** What was asked for, or what is wrong with it. */
export function parseSoakOptions(args: string[]): RequestSoakOptions | ChatSoakCommand | string {
  try {
    const { values } = parseArgs({ args, options: OPTIONS })
    const { chats, report, help, ...given } = values
    const known: Readonly<Record<string, number>> = chats ? NUMBERS.chats : NUMBERS.requests
    const wrong = Object.keys(given).find((name) => !(name in known))
    if (wrong !== undefined) return `--${wrong} goes ${chats ? 'without' : 'with'} --chats.`
    const numbers = Object.fromEntries(Object.entries(known).map(([name, fallback]) => [name, Number(given[name as keyof typeof given] ?? fallback)]))
    const bad = Object.entries(numbers).find(([name, number]) => !(number > 0 || (number === 0 && (name === 'kills' || name === 'seed'))))
    if (bad) return `--${bad[0]} is a number above 0.`
    return { chats, report, help, ...numbers } as RequestSoakOptions | ChatSoakCommand
  } catch (error) {
    return (error as Error).message
  }
}
