const health = document.querySelector('#health');
const open = document.querySelector('#open');
open.addEventListener('click', () => window.Mevrik?.open());

try {
  const response = await fetch('/readyz');
  health.className = response.ok ? 'good' : 'bad';
  health.textContent = response.ok ? 'All is well' : 'Something is not well';
} catch {
  health.className = 'bad';
  health.textContent = 'The server does not answer';
}
