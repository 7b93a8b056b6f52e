/* The library: files dropped anywhere, pasted or chosen are uploaded at once; where there is room, a file opens
   beside the list. */
(() => {
'use strict';
const { mount, say } = window.Carillon;
const $ = (s, r = document) => r.querySelector(s);
const room = () => $('#library');
const on = (type, fn, capture) => document.addEventListener(type, e => { if (room()) fn(e); }, capture);
mount('#library', el => { el.dataset.live = ''; });

/* --- uploads: three at a time, each with its progress --- */
const ATONCE = 3, waiting = [];
let busy = 0;
function take(files) {
  for (const file of files) waiting.push(waits(file));
  next();
}
function waits(file) {
  const node = $('#t-upload').content.firstElementChild.cloneNode(true), image = $('img', node);
  image.src = URL.createObjectURL(file);
  image.onload = image.onerror = () => URL.revokeObjectURL(image.src);
  $('[data-name]', node).textContent = file.name;
  $('#none')?.remove();
  $('#assets').prepend(node);
  const one = { file, node, gone: false };
  $('[data-cancel]', node).addEventListener('click', () => { one.gone = true; one.asked?.abort(); node.remove(); });
  return one;
}
function next() {
  while (busy < ATONCE && waiting.length) {
    const one = waiting.shift();
    if (!one.gone) send(one);
  }
}
function send(one) {
  const { file, node } = one, asked = one.asked = new XMLHttpRequest(), body = new FormData();
  busy++;
  body.append('file', file);
  asked.open('POST', room().dataset.upload);
  asked.setRequestHeader('X-CSRFToken', $('[name=csrf_token]', room()).value);
  asked.upload.onprogress = e => { if (e.lengthComputable) $('progress', node).value = e.loaded / e.total; };
  asked.onload = async () => {
    let told = {};
    try { told = JSON.parse(asked.responseText); } catch { /* not ours: the words below do */ }
    if (asked.status !== 201) return failed(node, told.message || 'This file could not be uploaded.');
    $('progress', node).removeAttribute('value');
    await htmx.ajax('GET', `${room().dataset.shown}/${told.media.id}/card`, { target: node, swap: 'outerHTML' });
    say(`${file.name} is added.`);
  };
  asked.onerror = () => failed(node, 'Carillon did not answer. Try this file again.');
  asked.onloadend = () => { busy--; if (room()) next(); };
  asked.send(body);
}
function failed(node, why) {
  node.dataset.failed = '';
  $('[data-why]', node).textContent = why;
  say(why);
}
const may = () => room().dataset.upload;
const carries = e => may() && [...(e.dataTransfer?.types || [])].includes('Files');
const lit = yes => room().classList.toggle('is-over', yes);
on('change', e => { if (e.target.id === 'files') { take(e.target.files); e.target.value = ''; } });
on('dragover', e => { if (carries(e)) { e.preventDefault(); lit(true); } });
on('dragleave', e => { if (!e.relatedTarget) lit(false); });
on('drop', e => { if (!carries(e)) return; e.preventDefault(); lit(false); take(e.dataTransfer.files); });
on('paste', e => {
  const files = [...(e.clipboardData?.files || [])].filter(f => /^(image|video)\//.test(f.type));
  if (files.length && may()) { e.preventDefault(); take(files); }
});

/* --- one file beside the list; where there is no room, its link leads to its own page --- */
let list = '', opener = '';
const wide = matchMedia('(min-width: 64rem)');
on('click', e => {
  const link = e.target.closest('[data-asset]');
  if (!link || !wide.matches || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
  e.preventDefault();
  e.stopImmediatePropagation();
  if (!$('[data-panel]')) list = location.pathname + location.search;
  opener = link.closest('.asset').id;
  mark(link);
  htmx.ajax('GET', link.getAttribute('href'), { target: '#panel', swap: 'outerHTML', push: link.getAttribute('href') });
}, true);
function mark(link) {
  for (const one of document.querySelectorAll('[data-asset][aria-current]')) one.removeAttribute('aria-current');
  link?.setAttribute('aria-current', 'true');
}
function close() {
  const panel = $('[data-panel]');
  if (!panel) return;
  const empty = document.createElement('div');
  empty.id = 'panel';
  empty.hidden = true;
  panel.replaceWith(empty);
  mark(null);
  if (list) history.pushState({ htmx: true }, '', list);
  $(`#${opener} a`)?.focus();
}
on('click', e => { if (e.target.closest('[data-close-panel]')) close(); });
on('keydown', e => { if (e.key === 'Escape' && !e.defaultPrevented && e.target.closest?.('[data-panel]') && !$('#dialog').open) close(); });

/* --- more files: focus goes on with the first of them --- */
let before = 0;
on('htmx:before:request', e => { if (e.detail.ctx.sourceElement?.closest?.('#more')) before = $('#assets').children.length - 1; });
on('htmx:after:swap', () => {
  if ($('[data-panel]')) mark($(`#${opener} a`)); /* its card may have come anew */
  const cards = $('#assets')?.children;
  if (!before || !cards) return;
  $('a', cards[before])?.focus({ preventScroll: true });
  before = 0;
});
})();
