import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const webhook = new Webhook(process.env.BOT_SECRET);

createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  try {
    const { message } = webhook.verify(body, request.headers);
    const text = message.content.text ?? '';
    const answer = /refund/i.test(text) ? { handover: true } : { replies: [{ text: `You said: ${text}` }] };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  } catch {
    // The signature is wrong or has expired.
    response.writeHead(401).end();
  }
}).listen(Number(process.env.PORT), '127.0.0.1');
