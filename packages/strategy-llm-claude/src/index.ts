export { llmClaude as default } from './strategy.js';
export type { RecordedAnswer } from './recording.js';
