import { systemClock as clock } from '@talaria/core'
import { expect, test } from 'vitest'
import { runChatSoak } from './run-chat-soak.ts'

const SEED = Number(process.env.TALARIA_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** @see OpenClaw #51620, hermes-agent #16668 and #70504: messages lost and replies doubled by restarts and retries. */
test(
  `a gateway on eight platforms that fail answers all it has accepted once and in order, killed meanwhile (seed ${SEED})`,
  { timeout: 300_000 },
  async () => {
    const { said, faults, chats, findings } = await runChatSoak({ minutes: 0.1, kills: 1, seed: SEED, rate: 8, clock, onLine: () => {} })
    expect(chats.faults, `seed ${SEED}`).toEqual([])
    expect(findings.filter(({ holds }) => holds === false)).toEqual([])
    expect(said).toBeGreaterThan(40)
    expect(chats.plain + chats.labelled + chats.interrupted).toBe(chats.accepted)
    expect(faults.size).toBeGreaterThan(7)
  },
)
