import { systemClock } from '@talaria/core'
import { checkForLeaks } from '@talaria/db/testing'
import { platformContract } from '../../../test/platform-contract.ts'
import { twinPlatform } from './twin-platform.ts'
import { TwinService } from './twin-service.ts'

checkForLeaks()

platformContract('the twin', () => {
  const service = new TwinService({ clock: systemClock })
  const faults = {
    unavailable: () => service.refuse('network'),
    unauthorised: () => service.refuse('auth_failed'),
    hangs: () => service.hang(),
    rate_limits: () => service.refuse('rate_limited', 1_500),
    dies_after_send: () => service.dieAfterSend(),
  }
  return {
    definition: twinPlatform(service),
    settings: {},
    chat: { chatId: 'chat-1', threadId: '' },
    say: (text, file) => void service.say(text, file ? { files: [file] } : {}),
    acknowledged: () => service.acknowledged.length,
    sent: () => service.sent,
    typings: () => service.typings,
    fail: (fault) => faults[fault](),
    heal: () => service.heal(),
    drop: () => service.drop(),
    asked: () => service.asked,
    async [Symbol.asyncDispose]() {},
  }
})
