const health = document.querySelector('#health');
document.querySelector('#open').addEventListener('click', () => window.Mevrik?.open());

const line = document.querySelector('#line');
const copy = document.querySelector('#copy');
if (line && copy) {
  line.textContent = line.textContent.replace('SERVER', location.origin);
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(line.textContent);
      copy.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(line);
      copy.textContent = 'Press Ctrl+C to copy';
    }
    setTimeout(() => {
      copy.textContent = 'Copy';
    }, 3000);
  });
}

try {
  const response = await fetch('/readyz');
  health.className = response.ok ? 'good' : 'bad';
  health.textContent = response.ok ? 'All systems operational' : 'Some systems are degraded';
} catch {
  health.className = 'bad';
  health.textContent = 'Server not reachable';
}
