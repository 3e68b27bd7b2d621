// Prints the replies of one session as they are sent.
//   APP_KEY=… TOKEN=… SESSION=1 node examples/subscribe.mjs
import Pusher from 'pusher-js';

const { APP_KEY, TOKEN, SESSION = '1', API = 'http://127.0.0.1:3000' } = process.env;
const { hostname, port } = new URL(API);

const pusher = new Pusher(APP_KEY, {
  wsHost: hostname,
  wsPort: Number(port),
  forceTLS: false,
  enabledTransports: ['ws'],
  cluster: 'local',
  channelAuthorization: {
    endpoint: `${API}/broadcasting/auth`,
    headersProvider: () => ({ authorization: `Bearer ${TOKEN}` }), // called each time: tokens are short-lived
  },
});
const topic = pusher.subscribe(`private-session${SESSION}`);
topic.bind('pusher:subscription_succeeded', () => console.log(`Subscribed to session ${SESSION}.`));
topic.bind('message_reply', ({ message }) => console.log(message.content.text));
