// A receiver of Carillon's webhooks in TypeScript, with nothing but Node.
//   WEBHOOK_SECRET=your_webhook_secret node webhook-receiver.example.ts   (Node 22.18 or later)
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createHmac, timingSafeEqual } from 'node:crypto';

interface Event {
  id: string;
  event_type: 'post.published' | 'post.failed' | 'post.scheduled' | 'post.needs_review' | 'connection.expired';
  timestamp: string;
  profile_id: string;
  data: Record<string, unknown>;
}

const SECRET: string = process.env.WEBHOOK_SECRET!;
const TOLERANCE = 300; // seconds between our clock and theirs
const seen = new Set<string>(); // ids that were worked on: keep them in your database

const equal = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
const header = (headers: IncomingHttpHeaders, name: string): string => String(headers[name] ?? '');

// The bytes as they came: parsing and writing JSON again may change them.
function verified(headers: IncomingHttpHeaders, body: Buffer): boolean {
  const plain = createHmac('sha256', SECRET).update(body).digest('hex');
  if (!equal(plain, header(headers, 'x-webhook-signature'))) return false;
  const late = Math.abs(Date.now() / 1000 - Number(header(headers, 'webhook-timestamp')));
  return late <= TOLERANCE && signed(headers, body);
}

// Standard Webhooks: the id and the time are signed too, so an old call cannot be sent again.
function signed(headers: IncomingHttpHeaders, body: Buffer): boolean {
  const key = SECRET.startsWith('whsec_') ? Buffer.from(SECRET.slice(6), 'base64') : SECRET;
  const expected = createHmac('sha256', key)
    .update(`${header(headers, 'webhook-id')}.${header(headers, 'webhook-timestamp')}.`)
    .update(body).digest('base64');
  return header(headers, 'webhook-signature').split(' ').some(one => equal(one, `v1,${expected}`));
}

createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces);
    const answer = (status: number, words: string) => response.writeHead(status).end(words);
    if (request.method !== 'POST' || request.url !== '/webhook') return answer(404, 'Not found');
    if (!verified(request.headers, body)) return answer(401, 'Invalid signature');
    const event: Event = JSON.parse(body.toString());
    if (!seen.has(event.id)) {
      seen.add(event.id);
      console.log(event.event_type, JSON.stringify(event.data));
    }
    answer(200, 'OK');
  });
}).listen(Number(process.env.PORT ?? 3000), () => console.log('listening'));
