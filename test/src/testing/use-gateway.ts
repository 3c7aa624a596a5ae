import OpenAI, { type ClientOptions } from 'openai'
import { afterAll, beforeAll } from 'vitest'
import { startGateway, type Gateway, type GatewayOptions } from './gateway.ts'

/** Of a start on a machine that has much else to do. */
const START_MS = 60_000

/** What the tests of a file share: one gateway, and the official client for it. */
export interface SharedGateway {
  /** Only while tests run. */
  readonly gateway: Gateway
  /** The official client, unmodified, with the root key; no retries unless asked for, so that failures are seen. */
  openai(options?: ClientOptions): OpenAI
}

/** Has one gateway started for all tests of the calling file, and killed after them. */
export function useGateway(options?: GatewayOptions): SharedGateway {
  let gateway: Gateway | undefined
  beforeAll(async () => {
    gateway = await startGateway(options)
  }, START_MS)
  afterAll(() => gateway?.[Symbol.asyncDispose]())
  return {
    get gateway() {
      if (!gateway) throw new Error('The gateway of this file does not run.')
      return gateway
    },
    openai(more) {
      return new OpenAI({ baseURL: `${this.gateway.url}/v1`, apiKey: this.gateway.key, maxRetries: 0, ...more })
    },
  }
}
