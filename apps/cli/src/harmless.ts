/** What somebody said, without what a terminal would obey. */
export function harmless(text: string): string {
  return text.replaceAll(/[\p{Cc}--[\n\t]]/gv, '')
}
