import { BoardError, type EventKind, type NewSubscription, type Subscription, type SubscriptionMode, type SubscriptionTarget } from '@talaria/db'
import { type Command, Option } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import type { CommandContext } from './command-context.ts'
import { gathered, wholeNumber } from './option-values.ts'
import { safeLine } from './safe-text.ts'
import { table } from './table.ts'
import { UsageError } from './usage-error.ts'

interface SubscribeOptions extends Json {
  readonly chat?: string
  readonly session?: string
  readonly webhook?: string
  readonly mode?: SubscriptionMode
  readonly kinds?: readonly string[]
  readonly digest?: number
}

/** Who is told of what happens. */
export function addSubscriptions(kanban: Command, context: CommandContext): void {
  addSubscribe(kanban, context)
  addSubscriptionList(kanban, context)
  addUnsubscribe(kanban, context)
}

function addSubscribe(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'subscribe [task]', {
    aliases: ['notify-subscribe'],
    description: 'Have somebody be told of what happens to a task, or on the board. In a chat, that chat unless another is named.',
    examples: [
      'subscribe 12 --chat telegram:bot:4711',
      'subscribe --webhook https://example.org/hook --kinds task.completed,task.gave_up',
      'subscribe 12 --session ses_019… --mode wake',
    ],
  })
    .option('--chat <chat>', 'a chat: PLATFORM:ACCOUNT:CHAT, or PLATFORM:ACCOUNT:CHAT:THREAD')
    .addOption(new Option('--session <id>', 'a conversation, which is woken').conflicts(['chat', 'webhook']))
    .addOption(new Option('--webhook <url>', 'a URL that is called').conflicts('chat'))
    .addOption(new Option('--mode <mode>', 'whether the chat is told, its conversation woken, or both').choices(['notify', 'wake', 'notify+wake']))
    .option('--kinds <kind>', 'only these, such as task.completed', gathered)
    .option('--digest <minutes>', 'gather what happens into one message every so many minutes', wholeNumber(1))
    .action(async (reference: string | undefined, options: SubscribeOptions) => {
      if (targetOf(options)) context.requireAdmin('Telling others')
      const { subscriptions } = await context.stores()
      const taskNumber = reference === undefined ? null : (await context.task(reference)).task.number
      const subscription = await subscriptions.add(taskNumber, subscriptionOf(options, context), context.options.actor)
      context.answer(
        options.json,
        subscription,
        () => `${subscription.id}: ${targetText(subscription.target)} is told of ${taskNumber === null ? 'the board' : `#${taskNumber}`}.`,
      )
    })
}

function addSubscriptionList(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'subscriptions [task]', {
    aliases: ['notify-list'],
    description: 'List who is told of a task, or of anything on the board.',
    examples: ['subscriptions', 'subscriptions 12'],
  }).action(async (reference: string | undefined, { json }: Json) => {
    const { subscriptions: store } = await context.stores()
    const found = await store.list(reference === undefined ? {} : { taskNumber: (await context.task(reference)).task.number })
    const shown = found.map(withoutSecret)
    context.answer(json, shown, () => {
      if (found.length === 0) return 'Nobody is told.'
      const rows = found.map(({ id, taskNumber, target, mode, kinds, parkedAt, lastError }) => [
        id,
        taskNumber === null ? 'board' : `#${taskNumber}`,
        targetText(target),
        mode,
        kinds?.join(', ') ?? 'all',
        parkedAt === null ? '' : context.palette.bad(`parked: ${safeLine(lastError ?? '', 40)}`),
      ])
      return table(['SUBSCRIPTION', 'OF', 'WHO', 'HOW', 'KINDS', ''], rows)
    })
  })
}

function addUnsubscribe(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'unsubscribe <what>', {
    aliases: ['notify-unsubscribe'],
    description: 'Have somebody be told no longer: a subscription by its id, or in a chat this chat of a task.',
    examples: ['unsubscribe sub_019…', 'unsubscribe 12'],
  }).action(async (what: string, { json }: Json) => {
    const { subscriptions } = await context.stores()
    const id = what.startsWith('sub_') ? what : await ownSubscription(what, context)
    if (!(await subscriptions.remove(id, context.options.actor))) throw new BoardError('NOT_FOUND', `There is no subscription '${id.slice(0, 80)}'.`)
    context.answer(json, { id, removed: true }, () => 'It is told no longer.')
  })
}

async function ownSubscription(reference: string, context: CommandContext): Promise<string> {
  const { stores, task } = await context.task(reference)
  const chat = context.options.origin?.chat
  const own = (await stores.subscriptions.list({ taskNumber: task.number })).find(
    ({ target }) =>
      target.kind === 'chat' &&
      chat !== undefined &&
      target.platform === chat.platform &&
      target.account === chat.account &&
      target.chatId === chat.chatId &&
      target.threadId === chat.threadId,
  )
  if (!own)
    throw new BoardError('NOT_FOUND', chat ? `This chat is not told of #${task.number}.` : 'Name the subscription by its id, as subscriptions lists it.')
  return own.id
}

function subscriptionOf(options: SubscribeOptions, context: CommandContext): NewSubscription {
  const { mode, kinds, digest } = options
  const own = context.subscriber
  const target = targetOf(options) ?? own?.target
  if (!target) throw new UsageError('Who is to be told? Name --chat, --session or --webhook.')
  return {
    target,
    mode: mode ?? (target.kind === 'session' ? 'wake' : 'notify'),
    ...(kinds && { kinds: kinds as readonly EventKind[] }),
    ...(digest !== undefined && { digestMinutes: digest }),
  }
}

function targetOf({ chat, session, webhook }: SubscribeOptions): SubscriptionTarget | undefined {
  if (session !== undefined) return { kind: 'session', sessionId: session }
  if (webhook !== undefined) return { kind: 'webhook', url: webhook }
  if (chat === undefined) return undefined
  const [platform = '', account = '', chatId = '', ...thread] = chat.split(':')
  if (platform === '' || account === '' || chatId === '')
    throw new UsageError(`'${chat.slice(0, 80)}' is no chat. Write PLATFORM:ACCOUNT:CHAT, or PLATFORM:ACCOUNT:CHAT:THREAD.`)
  return { kind: 'chat', platform, account, chatId, threadId: thread.join(':') }
}

function targetText(target: SubscriptionTarget): string {
  if (target.kind === 'session') return target.sessionId
  if (target.kind === 'webhook') return safeLine(target.url)
  return safeLine([target.platform, target.account, target.chatId, target.threadId].filter((part) => part !== '').join(':'))
}

/** A webhook's secret is told to nobody. */
function withoutSecret(subscription: Subscription): Subscription {
  const { target } = subscription
  return target.kind === 'webhook' ? { ...subscription, target: { kind: 'webhook', url: target.url } } : subscription
}
