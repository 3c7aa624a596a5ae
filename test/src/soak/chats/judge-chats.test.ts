import { expect, test } from 'vitest'
import { judgeChats, type ChatRecord } from './judge-chats.ts'

const LABEL = '\n\n(this may be a duplicate)'
const CUT = 'A restart cut this answer short. Use /retry to have it tried again.'

const faultsOf = (changes: Partial<ChatRecord>) =>
  judgeChats([
    {
      place: 'twin',
      redelivers: true,
      hasOrder: true,
      said: [1, 2],
      accepted: [1, 2],
      interrupted: new Set<number>(),
      unknown: new Set<number>(),
      texts: ['reply-1;', 'reply-2;'],
      ...changes,
    },
  ]).faults

test.each<[string, Partial<ChatRecord>]>([
  ['each has one answer', {}],
  ['one may be a duplicate, and says so', { texts: ['reply-1;', `reply-1;${LABEL}`, 'reply-2;'] }],
  ['of one nobody can say whether it arrived, and it is a dead letter', { unknown: new Set([1]), texts: ['reply-2;'] }],
  ['one was cut short, and its chat was told', { interrupted: new Set([1]), texts: [CUT, 'reply-2;'] }],
  ['one was cut short after its beginning was shown', { interrupted: new Set([1]), texts: ['reply-1;', CUT, 'reply-2;'] }],
  ['nobody heard one where nothing is said again', { redelivers: false, accepted: [2], texts: ['reply-2;'] }],
  ['two that are no conversation are answered in another order', { hasOrder: false, texts: ['reply-2;', 'reply-1;'] }],
])('nothing is wrong when %s', (_, changes) => expect(faultsOf(changes)).toEqual([]))

test.each<[string, Partial<ChatRecord>, string]>([
  ['was never accepted', { accepted: [2], texts: ['reply-2;'] }, 'twin: message 1 came again and again and was never accepted'],
  ['was accepted twice', { accepted: [1, 1, 2] }, 'twin: message 1 was accepted twice'],
  ['has no answer', { texts: ['reply-2;'] }, 'twin: message 1 has no answer'],
  [
    'has two answers and no word about it',
    { texts: ['reply-1;', 'reply-1;', 'reply-2;'] },
    'twin: message 1 has 2 answers without a label: ["reply-1;","reply-1;"]',
  ],
  ['is answered after the next one', { texts: ['reply-2;', 'reply-1;'] }, 'twin: the answer to 2 stands before that to 1'],
  ['was cut short and nobody was told', { interrupted: new Set([1]), texts: ['reply-2;'] }, 'twin: 1 answers cut short, and 0 notices'],
  ['is said to be cut short and was not', { texts: ['reply-1;', CUT, 'reply-2;'] }, 'twin: 1 notices without a label, and 0 answers cut short'],
])('it is found that a message %s', (_, changes, fault) => {
  const faults = faultsOf(changes)
  expect(faults.length).toBeGreaterThan(0)
  expect(faults).toContain(fault)
})
