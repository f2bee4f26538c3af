// Buttons that copy what is beside them: data-copy is the id of an element, whose value or text is taken.

const status = document.createElement('p');
status.className = 'aside';
status.setAttribute('role', 'status');
document.body.append(status);

for (const button of document.querySelectorAll('button.copy')) {
  button.hidden = false;
}

document.addEventListener('click', async (event) => {
  const button = event.target.closest('button.copy');
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await write(source);
    told(button, 'Copied');
  } catch {
    told(button, 'Not copied');
  }
});

// The clipboard is there on https and localhost only; elsewhere what is selected can be copied.
async function write(source) {
  const text = source.value ?? source.textContent.trim();
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement('textarea');
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  if (!copied) throw new Error('not copied');
}

function told(button, words) {
  const before = (button.dataset.words ??= button.textContent);
  button.textContent = words;
  status.textContent = words;
  setTimeout(() => {
    button.textContent = before;
    status.textContent = '';
  }, 2000);
}
