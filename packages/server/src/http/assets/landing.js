const health = document.querySelector('#health');

async function ask() {
  try {
    const { ok, parts } = await (await fetch('/readyz')).json();
    const failing = Object.entries(parts).filter(([, part]) => !part.ok);
    health.textContent = ok
      ? 'all parts are well'
      : failing.map(([name, { detail }]) => `${name} ${detail}`).join(', ');
    health.className = ok ? 'good' : 'bad';
  } catch {
    health.textContent = 'the server does not answer';
    health.className = 'bad';
  }
}

void ask();
setInterval(ask, 5000);
