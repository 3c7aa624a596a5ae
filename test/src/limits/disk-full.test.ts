import { silentLog, systemClock as clock } from '@talaria/core'
import { until } from '@talaria/core/testing'
import { openDatabases } from '@talaria/db'
import { expect, test } from 'vitest'
import { audit } from '../crash/audit.ts'
import { Ledger } from '../crash/ledger.ts'
import { OPERATIONS } from '../crash/operations.ts'
import { ApiClient } from '../testing/api-client.ts'
import { startGateway } from '../testing/gateway.ts'
import { Random } from '../testing/random.ts'
import { smallDisk } from '../testing/small-disk.ts'

/** Refusals that a full disk may lead to; anything else is a failure. */
const BY_FULL_DISK = /storage_unavailable|disk is full|aborted|ECONNRESET|socket hang up/
const CLIENTS = 4
const KEY = 'a-key-that-outlives-the-process-0123456789'

test(
  'a full disk is answered with 503, nothing is acknowledged that is not kept, and all goes on when there is room again',
  { timeout: 120_000 },
  async ({ skip }) => {
    using disk = smallDisk('8m')
    if (!disk) return skip('This user may not mount a tmpfs: run as root to see what happens on a full disk.')
    const since = Date.now()
    const ledger = new Ledger('full')
    {
      await using gateway = await startGateway({ home: disk.path, key: KEY })
      const { api } = gateway
      await operateWhile(gateway.url, ledger, (done) => done >= 20)
      // Begun while there is room, at its end when there is none.
      const run = (await api.post('/v1/runs', { input: '!stream 150 chunks every 30ms word{n} ' })).json.run_id as string
      disk.fill(64 * 1024)
      const refusals = await operateWhile(gateway.url, ledger, (_, refused) => refused >= 40)
      expect(refusals.join('\n')).toContain('storage_unavailable')

      const refused = await api.post('/v1/responses', { input: 'x'.repeat(100_000) })
      expect(refused).toMatchObject({ status: 503, json: { error: { code: 'storage_unavailable', message: expect.stringContaining('full') } } })
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
      expect((await api.get('/health')).status).toBe(200)
      expect((await api.get('/api/sessions')).status, 'what is there can be read').toBe(200)
      await gateway.process.logs('a turn could not be settled')

      disk.empty()
      await until('writing works again', 20_000, async () => (await api.post('/v1/responses', { input: '!say room again' })).status === 200)
      await audit(api, ledger, since)
      const { status, output } = (await api.get(`/v1/runs/${run}`)).json
      expect([status, output.trim().split(' ').length]).toEqual(['completed', 150])
      expect((await api.get('/health/deep')).json.checks.find((check: { name: string }) => check.name === 'write')).toMatchObject({ status: 'ok' })
      expect(await gateway.process.stop()).toBe(0)
    }
    {
      await using gateway = await startGateway({ home: disk.path, key: KEY })
      await audit(gateway.api, ledger, since)
      expect(await gateway.process.stop()).toBe(0)
    }
    await using databases = openDatabases({ service: 'gateway', locations: { gateway: { file: `${disk.path}/gateway.db` } }, clock, log: silentLog })
    await databases.gateway.sessions.exists('')
    expect(await databases.checkIntegrity()).toMatchObject({ problems: [] })
  },
)

/** Clients do what clients do until enough is done; what the full disk kept them from is returned. */
async function operateWhile(url: string, ledger: Ledger, isEnough: (done: number, refused: number) => boolean): Promise<readonly string[]> {
  const random = new Random(7)
  const refusals: string[] = []
  let done = 0
  using api = new ApiClient(url, KEY)
  const client = async () => {
    while (!isEnough(done, refusals.length)) {
      try {
        await random.pick(OPERATIONS)(api, ledger, random)
        done++
      } catch (error) {
        const { message } = error as Error
        if (!BY_FULL_DISK.test(message)) throw error
        refusals.push(message)
      }
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return refusals
}
