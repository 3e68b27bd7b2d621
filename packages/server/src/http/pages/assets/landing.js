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
      copy.textContent = 'Selected: copy it';
    }
    setTimeout(() => {
      copy.textContent = 'Copy';
    }, 3000);
  });
}

try {
  const response = await fetch('/readyz');
  health.className = response.ok ? 'good' : 'bad';
  health.textContent = response.ok ? 'All is well' : 'Something is not well';
} catch {
  health.className = 'bad';
  health.textContent = 'The server does not answer';
}
