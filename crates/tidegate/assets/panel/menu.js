// On a narrow screen the ways to other pages are behind a button. Without this script they are simply there.

const button = document.querySelector('button.menu');
const menu = document.getElementById('menu');

if (button && menu) {
  button.hidden = false;
  document.body.classList.add('has-menu');
  const show = (open) => {
    button.setAttribute('aria-expanded', String(open));
    document.body.classList.toggle('menu-open', open);
  };
  button.addEventListener('click', () => show(button.getAttribute('aria-expanded') !== 'true'));
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && document.body.classList.contains('menu-open')) {
      show(false);
      button.focus();
    }
  });
}
