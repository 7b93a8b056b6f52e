/* The composer's pickers: files are put into the post in the order they were chosen in; Enter fills a gap. */
(() => {
'use strict';
const $ = (s, r = document) => r.querySelector(s);
const $$ = (s, r = document) => [...r.querySelectorAll(s)];
const composer = () => $('#composer');
const on = (type, fn, capture) => document.addEventListener(type, e => { if (composer()) fn(e); }, capture);

let chosen = [], part = 0;
function number() {
  for (const box of $$('#pick [name=media]')) {
    const at = chosen.indexOf(box.value);
    box.checked = at >= 0;
    $('.picker__n', box.parentElement).textContent = at < 0 ? '' : at + 1;
  }
  const add = $('#pick-add');
  if (add) {
    add.textContent = chosen.length ? `Add ${chosen.length} to the post` : 'Add to the post';
    add.disabled = !chosen.length;
  }
}
on('change', e => {
  const box = e.target;
  if (!box.matches('#pick [name=media]')) return;
  chosen = chosen.filter(one => one !== box.value);
  if (box.checked) chosen.push(box.value);
  number();
});
on('htmx:after:swap', () => { if ($('#pick')) number(); }); /* other files are shown; what was chosen stays so */
on('close', e => { if (e.target.id === 'dialog') chosen = []; }, true);
on('submit', e => {
  if (e.target.id !== 'pick') return;
  e.preventDefault();
  e.stopImmediatePropagation();
  const media = chosen.join(',');
  $('#dialog').close();
  htmx.ajax('POST', composer().dataset.media, { source: composer(), swap: 'none', values: { media, part } });
}, true);
on('focusin', e => { if (e.target.matches('#composer textarea[data-box]')) part = $$('#composer textarea[data-box]').indexOf(e.target); });
on('keydown', e => {
  if (e.key !== 'Enter' || e.isComposing || !e.target.matches('[data-fill]')) return;
  e.preventDefault();
  const empty = $$('[data-fill]').find(box => !box.value.trim());
  if (empty && empty !== e.target) empty.focus(); else $('#gaps-fill').click();
});
})();
