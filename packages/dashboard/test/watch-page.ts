import type { BrowserContext, Page } from 'playwright-core';

/** What a page must not do, collected while it does it. */
export interface Misdeeds {
  readonly console: string[];
  readonly foreign: string[];
  policy(): Promise<string[]>;
}

/** Opens a page that notes console errors, uncaught exceptions, requests to other origins and violations of its policy. */
export async function watchPage(context: BrowserContext, origin: string): Promise<{ page: Page; misdeeds: Misdeeds }> {
  const page = await context.newPage();
  const errors: string[] = [];
  const foreign: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) foreign.push(request.url());
  });
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== new URL(origin).host) foreign.push(socket.url());
  });
  await page.addInitScript(() => {
    const seen: string[] = [];
    Object.assign(globalThis, { __violations: seen });
    document.addEventListener('securitypolicyviolation', (event) =>
      seen.push(`${event.effectiveDirective} ${event.blockedURI}`),
    );
  });
  const policy = (): Promise<string[]> =>
    page.evaluate(() => (globalThis as unknown as { __violations: string[] }).__violations);
  return { page, misdeeds: { console: errors, foreign, policy } };
}

/** Number of different colours on the largest canvas below an element: 1 means that nothing was drawn. */
export function coloursOnCanvas(page: Page, selector: string): Promise<number> {
  return page.evaluate((within) => {
    const canvases = [...document.querySelectorAll<HTMLCanvasElement>(`${within} canvas`)];
    const largest = canvases.sort((a, b) => b.width * b.height - a.width * a.height)[0];
    const data = largest?.getContext('2d')?.getImageData(0, 0, largest.width, largest.height).data;
    const colours = new Set<number>();
    if (data)
      for (let i = 0; i < data.length; i += 4) colours.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!);
    return colours.size;
  }, selector);
}
