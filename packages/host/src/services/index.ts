export { createServices, type Services, type ServicesOptions } from './services.js';
export { listen, type Listening, type ListenOptions, type Service } from './listen.js';
export type { ClockControl, EventSource, ServiceDependencies, World } from './dependencies.js';
