const form = document.querySelector('form');
const button = form.querySelector('button');
const message = form.querySelector('[role=alert]');
const token = new URLSearchParams(location.search).get('token');
// Keep the token out of the history and of referrers.
history.replaceState(null, '', '/setup');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  button.disabled = true;
  message.textContent = '';
  try {
    const body = JSON.stringify({ token, ...Object.fromEntries(new FormData(form)) });
    const response = await fetch('/v1/setup', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const answer = await response.json();
    if (response.ok) return done(answer.name);
    fail(answer.detail);
  } catch {
    fail('The server is not reachable. Is it still running?');
  }
});

function fail(text) {
  message.className = 'bad';
  message.textContent = text;
  button.disabled = false;
}

function done(name) {
  const main = document.querySelector('main');
  const heading = document.createElement('h1');
  heading.textContent = `Welcome, ${name}`;
  const text = document.createElement('p');
  text.textContent =
    'You can log in now. Open the demo page in another tab to write to yourself as a customer.';
  const links = [
    ['/login?to=%2Fdesk%3Fview%3Dqueue', 'Log in to the desk', 'where agents reply'],
    ['/', 'Open the demo page', 'where customers write'],
    ['/login?to=%2Fadmin', 'Log in to the admin panel', 'apps, agents, bot, events'],
    ['/docs', 'Open the API reference', 'for developers'],
  ].map(([href, label, hint]) => {
    const item = document.createElement('li');
    const link = document.createElement('a');
    link.href = href;
    const note = document.createElement('span');
    note.textContent = hint;
    link.append(label, ' ', note);
    item.append(link);
    return item;
  });
  const list = document.createElement('ul');
  list.append(...links);
  main.replaceChildren(heading, text, list);
  list.querySelector('a').focus();
}
