const form = document.querySelector('form');
const button = form.querySelector('button');
const message = form.querySelector('[role=alert]');
const token = new URLSearchParams(location.search).get('token');
// The token must not stay in the history, nor be sent on as a referrer.
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
    fail('The server does not answer. Is it still running?');
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
  text.textContent = 'You can log in now, and add apps and agents. ';
  const link = document.createElement('a');
  link.href = '/docs';
  link.textContent = 'See the API reference';
  text.append(link, '.');
  main.replaceChildren(heading, text);
  link.focus();
}
