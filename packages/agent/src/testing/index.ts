export { ask, requestOf, type Asked } from './ask.ts'
export type { FakeAnswer } from './fake-answer.ts'
export { startFakeProvider, type FakeProvider, type ReceivedRequest } from './fake-provider.ts'
export { startTranscriptionServer, type ReceivedRecording, type TranscriptionServer } from './transcription-server.ts'
