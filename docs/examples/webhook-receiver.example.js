// A receiver of Carillon's webhooks with nothing but Node.
//   WEBHOOK_SECRET=your_webhook_secret node webhook-receiver.example.js
const http = require('node:http');
const { createHmac, timingSafeEqual } = require('node:crypto');

const SECRET = process.env.WEBHOOK_SECRET;
const TOLERANCE = 300; // seconds between our clock and theirs
const seen = new Set(); // ids that were worked on: keep them in your database

const equal = (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

// The bytes as they came: parsing and writing JSON again may change them.
function verified(headers, body) {
  const plain = createHmac('sha256', SECRET).update(body).digest('hex');
  if (!equal(plain, headers['x-webhook-signature'] ?? '')) return false;
  return Math.abs(Date.now() / 1000 - Number(headers['webhook-timestamp'])) <= TOLERANCE && signed(headers, body);
}

// Standard Webhooks: the id and the time are signed too, so an old call cannot be sent again.
function signed(headers, body) {
  const key = SECRET.startsWith('whsec_') ? Buffer.from(SECRET.slice(6), 'base64') : SECRET;
  const expected = createHmac('sha256', key)
    .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`).update(body).digest('base64');
  return (headers['webhook-signature'] ?? '').split(' ').some(one => equal(one, `v1,${expected}`));
}

http.createServer((request, response) => {
  const pieces = [];
  request.on('data', piece => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces);
    const answer = (status, words) => response.writeHead(status).end(words);
    if (request.method !== 'POST' || request.url !== '/webhook') return answer(404, 'Not found');
    if (!verified(request.headers, body)) return answer(401, 'Invalid signature');
    const event = JSON.parse(body);
    if (!seen.has(event.id)) {
      seen.add(event.id);
      console.log(event.event_type, JSON.stringify(event.data));
    }
    answer(200, 'OK');
  });
}).listen(Number(process.env.PORT ?? 3000), () => console.log('listening'));
