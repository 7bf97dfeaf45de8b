export function runReferenceClient(
  url: string,
  options: { seconds: number; reconnect?: number; keepAlive?: number; cut?: number },
): Promise<{ thrown: unknown[]; types: Record<string, number>; logs: unknown[][]; sockets: number }>;
