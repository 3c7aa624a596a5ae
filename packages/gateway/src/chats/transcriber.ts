/** Turns speech into text. Nothing of it is built in: where there is none, the agent is told where the recording lies. */
export interface Transcriber {
  transcribe(recording: { readonly path: string; readonly mediaType?: string }, signal: AbortSignal): Promise<string>
}
