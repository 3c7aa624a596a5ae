import { describe, expect, it } from 'vitest'
import { outgoingMedia, shownSoFar } from './outgoing-media.ts'

describe('outgoing media', () => {
  it('are the MEDIA lines and the images of local files, which are not shown', () => {
    expect(outgoingMedia('Here:\nMEDIA: /w/a b.png\n\n\nand ![plot](/w/plot.png) this\nMEDIA:/w/a b.png')).toEqual({
      text: 'Here:\n\nand  this',
      paths: ['/w/a b.png', '/w/plot.png'],
    })
  })

  it('leave alone what is in a code block, what is on the web, and words', () => {
    for (const text of ['```\nMEDIA:/etc/passwd\n```', '![cat](https://x.example/cat.png)', 'Write MEDIA:/path to send one', 'a\n\n\nb\n']) {
      expect(outgoingMedia(text)).toEqual({ text, paths: [] })
    }
  })

  it('are not shown while they are being written', () => {
    expect(shownSoFar('Here:\nMED')).toBe('Here:\n')
    expect(shownSoFar('Here:\nMEDIA:/w/a')).toBe('Here:\n')
    expect(shownSoFar('See ![plo')).toBe('')
    expect(shownSoFar('Here:\nMeasured')).toBe('Here:\nMeasured')
  })
})
