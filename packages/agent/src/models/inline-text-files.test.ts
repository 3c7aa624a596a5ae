import type { LanguageModelV4Prompt } from '@ai-sdk/provider'
import { expect, test } from 'vitest'
import { inlineTextFiles } from './inline-text-files.ts'

const attached = (mediaType: string, filename?: string): LanguageModelV4Prompt => [
  { role: 'user', content: [{ type: 'file', mediaType, data: { type: 'data', data: Buffer.from('a,ü').toString('base64') }, ...(filename && { filename }) }] },
]

test.each(['text/csv', 'text/markdown', 'application/json', 'application/ld+json'])('a file of %s is written into the message under its name', (mediaType) => {
  expect(inlineTextFiles(attached(mediaType, 'table'))).toEqual([{ role: 'user', content: [{ type: 'text', text: 'File table:\na,ü' }] }])
})

test.each(['application/pdf', 'image/png', 'application/zip'])('a file of %s stays a file', (mediaType) => {
  const prompt = attached(mediaType)
  expect(inlineTextFiles(prompt)).toBe(prompt)
})
