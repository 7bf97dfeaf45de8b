// A client of /ws/trading-signals that resumes by `since` whenever its connection is lost, and keeps what it was told.
import { WebSocket } from 'ws';

export function createFollower() {
  const events = [];
  const gaps = [];
  let socket;
  let url;
  let closed = false;
  let timer;

  const connect = () => {
    if (closed || !url || socket) return;
    const last = events.at(-1)?.seq;
    const own = new WebSocket(
      `${url.replace('http', 'ws')}/ws/trading-signals${last === undefined ? '?since=0' : `?since=${last}`}`,
    );
    socket = own;
    own.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.type === 'gap') gaps.push(`after seq ${events.at(-1)?.seq}: oldest ${message.oldest}`);
      else if (message.seq !== undefined && message.type !== 'connection') {
        const { seq, type, ...payload } = message;
        events.push({ seq, type, payload });
      }
    });
    own.on('error', () => {});
    own.on('close', () => {
      if (socket !== own) return;
      socket = undefined;
      clearTimeout(timer);
      timer = setTimeout(connect, 50);
    });
  };

  return {
    events,
    gaps,
    /** The host listens there now. */
    use(next) {
      url = next;
      if (!socket) connect();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      socket?.terminate();
    },
  };
}
