/* The command palette in the dialog: arrows choose, Enter goes. Without this it is a page of links. */
(() => {
'use strict';
const $ = s => document.querySelector(`#dialog ${s}`);
const options = () => [...document.querySelectorAll('#dialog #palette-list a')];
let chosen = 0, waiting = false, entered = false;

function choose(at) {
  const all = options();
  chosen = all.length ? (at + all.length) % all.length : 0;
  all.forEach((el, i) => { el.ariaSelected = String(i === chosen); el.id = `pal-${i}`; el.tabIndex = -1; });
  if (!all.length) return $('#palette-q').removeAttribute('aria-activedescendant');
  $('#palette-q').setAttribute('aria-activedescendant', all[chosen].id);
  all[chosen].scrollIntoView({ block: 'nearest' });
}
Carillon.mount('#dialog #palette-q', field => { waiting = entered = false; field.focus(); field.select(); choose(0); });
Carillon.mount('#dialog #palette-list', () => {
  if (!$('#palette-q')) return;
  waiting = false;
  choose(0);
  if (entered) options()[0]?.click();
  entered = false;
});
document.addEventListener('input', e => { if (e.target === $('#palette-q')) waiting = true; });
document.addEventListener('keydown', e => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
  if (!step || e.target !== $('#palette-q') || e.isComposing) return;
  e.preventDefault();
  choose(chosen + step);
});
document.addEventListener('submit', e => {
  if (!e.target.matches('#dialog .palette__in')) return;
  e.preventDefault();
  e.stopImmediatePropagation();
  if (waiting) entered = true; /* what was typed last decides, and its answer is on its way */
  else options()[chosen]?.click();
}, true);
document.addEventListener('click', e => {
  if (e.target.closest('#dialog #palette-list a')) setTimeout(() => document.querySelector('#dialog').close());
});
})();
