/* Writing a post: the coloured text, uploads, order by drag, and a copy of what is not yet saved.
   The page works without it; the server decides all counts, checks and previews. */
(() => {
'use strict';
const { mount, say } = window.Carillon;
const $ = (s, r = document) => r.querySelector(s);
const $$ = (s, r = document) => [...r.querySelectorAll(s)];
const form = () => $('#composer');
const on = (type, fn, capture) => document.addEventListener(type, e => { if (form()) fn(e); }, capture);

/* sessionStorage, which may be full or forbidden */
const store = {
  get: key => { try { return sessionStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { sessionStorage.setItem(key, value); } catch { /* the page goes on without */ } },
  drop: key => { try { sessionStorage.removeItem(key); } catch { /* the page goes on without */ } },
};

const keep = () => store.set(form().dataset.copyKey, JSON.stringify({ rev: $('[name=rev]', form()).value, data: what() }));
const forget = () => store.drop(form().dataset.copyKey);

/* --- the mirror colours the text; between two answers its marks move along with what is typed --- */
const mirrorOf = box => $('#' + box.id.replace('text', 'mirror'));
function sync(box) {
  const mirror = mirrorOf(box), now = box.value;
  if (!mirror) return;
  const runs = [...mirror.childNodes].map(n => ({ text: n.textContent, name: n.className || '', tag: n.localName }));
  const old = runs.map(r => r.text).join('').replace(/\n$/, '');
  if (old !== now) {
    let from = 0, to = 0;
    const most = Math.min(old.length, now.length);
    while (from < most && old[from] === now[from]) from++;
    while (to < most - from && old[old.length - 1 - to] === now[now.length - 1 - to]) to++;
    const made = [], end = old.length - to;
    let at = 0;
    for (const run of runs) {
      const a = at, b = at += run.text.length;
      if (!run.name) continue;
      /* a mark the change touches at its end or within grows with it; the rest is shifted */
      if (b < from || (b === from && to)) made.push([a, b, run]);
      else if (a >= end) made.push([a + now.length - old.length, b + now.length - old.length, run]);
      else if (run.name === 'over') made.push([Math.min(a, from), now.length, run]);
      else if (a < from) made.push([a, from, run]);
    }
    draw(mirror, now, made);
  } else if (!mirror.textContent.endsWith('\n')) mirror.append('\n');
}
function draw(mirror, text, marks) {
  let at = 0;
  const parts = [];
  for (const [a, b, run] of marks.filter(([a, b]) => b > a)) {
    const el = document.createElement(run.tag);
    el.className = run.name;
    el.textContent = text.slice(a, b);
    parts.push(text.slice(at, a), el);
    at = b;
  }
  mirror.replaceChildren(...parts, text.slice(at), '\n');
}
mount('#composer textarea[data-box]', box => { sync(box); box.dataset.mirrored = ''; });
on('htmx:after:swap', () => {
  $$('textarea[data-box]', form()).forEach(sync);
  const shown = $('[name=tab]', form()).value;
  for (const tab of $$('.vtab', form())) tab.ariaSelected = tab.dataset.tab === shown;
});

/* --- until the server has counted, each tab goes by the characters typed since it did --- */
const chars = window.Intl?.Segmenter ? new Intl.Segmenter() : null;
const long = text => chars ? [...chars.segment(text)].length : [...text].length;
const typed = () => $$('textarea[data-box]', form()).reduce((sum, box) => sum + long(box.value), 0);
let counted = 0;
function count() {
  const more = typed() - counted, shown = $('[name=tab]', form()).value;
  for (const tab of $$('.vtab', form())) {
    const { tab: net, left } = tab.dataset, words = $('.vtab__c', tab);
    const mine = net === shown || (!shown && net && !$('.vtab__own', tab));
    if (!mine || !words) continue;
    if (!net) { words.textContent = Number(left) + more; continue; }
    const rest = Number(left) - more;
    if (Math.abs(rest) < 10000) words.textContent = rest < 0 ? `${-rest} over` : rest.toLocaleString('en-GB');
    tab.toggleAttribute('data-over', rest < 0);
  }
}

/* --- saving --- */
const state = (text, saved = 'false') => {
  const box = $('#composer-state'), words = $('span', box);
  if (words && words.textContent !== text) words.textContent = text;
  box.dataset.saved = saved;
};
const what = () => {
  const data = new URLSearchParams(new FormData(form()));
  for (const name of [...data.keys()]) if (/^(rev|csrf_token|file|mode|preview|slot_seen|focus-.*)$/.test(name)) data.delete(name);
  return data.toString();
};
const ELSEWHERE = /^(tab|own|shared|part|field|use|fill)/; /* orders that bring another text */
const ORDERS = ['go', 'only', 'media', 'part', 'gaps', 'rev_seen'];
let saved = '', asked = '', touched = 0; /* the form as last stored, as last sent; changes by hand */
mount('#files', el => { el.multiple = true; el.removeAttribute('name'); });
mount('#composer', el => {
  el.dataset.live = '';
  saved = asked = what();
  counted = typed();
  putBack();
});
const ours = e => form()?.contains(e.target) || e.target.form === form();
on('input', e => {
  if (!ours(e)) return;
  touched++;
  if (e.target.matches('textarea[data-box]')) { sync(e.target); count(); }
  if (e.target.matches('[data-alt]')) {
    const mark = $(`[data-alt-for="${e.target.id.replace('alt-', '')}"]`);
    mark?.toggleAttribute('data-missing', !e.target.value.trim());
  }
  if (what() === saved) return;
  state('Not saved yet');
  keep();
});
on('htmx:config:request', e => { /* leaving a field unchanged asks for nothing */
  const { ctx } = e.detail;
  if (ctx.request.form !== form()) return;
  /* a field that is being swapped away reports a last change: it was sent with the order to swap */
  const old = ctx.sourceEvent?.target?.readOnly;
  if (ctx.sourceElement === form() && !ctx.values && (old || what() === asked)) return e.preventDefault();
  asked = what();
});
on('htmx:before:request', e => {
  const { ctx } = e.detail, { body } = ctx.request;
  if (!(body instanceof URLSearchParams) || !body.has('rev')) return;
  /* requests wait for each other, so each goes on from what the one before it left in the form */
  const order = [...body].filter(([name]) => ORDERS.includes(name));
  for (const name of [...body.keys()]) body.delete(name);
  for (const pair of [...new URLSearchParams(new FormData(form())), ...order]) body.append(...pair);
  ctx.sent = asked = what();
  ctx.typed = typed();
  ctx.touched = touched;
  ctx.changes = new URLSearchParams(body).get('go') || '';
  if (ELSEWHERE.test(ctx.changes)) $$('textarea[data-box]', form()).forEach(t => { t.readOnly = true; });
  state('Saving');
});
const keptOut = ctx => /^\/login\b/.test(ctx.response?.headers.get('HX-Redirect') || ''); /* signed out: 204 */
on('htmx:after:request', e => {
  const { ctx } = e.detail;
  if (!ctx.sent || ctx.response.status >= 300 || keptOut(ctx)) return;
  saved = ctx.sent;
  if (ctx.response.headers.has('HX-Replace-Url')) { /* stored for the first time: known by its id from now on */
    forget();
    form().dataset.copyKey = form().dataset.copyKey.replace(/new:.*/, form().getAttribute('action').split('/').pop());
  }
  if (what() === saved) forget(); else keep();
});
on('htmx:finally:request', e => {
  const { ctx } = e.detail;
  if (!ctx.sent) return;
  $$('textarea[data-box]', form()).forEach(t => { t.readOnly = false; });
  const status = ctx.response?.status;
  if (!status || status >= 400 || keptOut(ctx)) {
    asked = '';
    if (status !== 422) state('Not saved');
    return;
  }
  counted = ELSEWHERE.test(ctx.changes) ? typed() : ctx.typed;
  count();
  if (ELSEWHERE.test(ctx.changes)) {
    saved = asked = what();
    const box = $('[data-aim]', form()) || (ctx.changes === 'part:add' ? $$('textarea[data-box]', form()).at(-1) : $('#text-0'));
    box?.focus();
    box?.scrollIntoView({ block: 'nearest' });
    if (box?.dataset.box !== undefined) box.setSelectionRange(box.value.length, box.value.length);
  } else if (ctx.changes || ctx.touched === touched) saved = asked = what(); /* new fields are the server's */
  if (what() !== saved) state('Not saved yet');
});
on('change', e => { if (e.target.matches('[name=when]')) say({ now: 'It will go out at once', slot: 'It takes the next open slot' }[e.target.value] || 'It will go out at the time below'); });

/* --- a copy in this tab of what is not saved: signed out, offline, a closed lid --- */
function putBack() {
  const kept = store.get(form().dataset.copyKey);
  if (!kept) return;
  const { rev, data } = JSON.parse(kept), given = new URLSearchParams(data);
  if (data === what()) return forget();
  const texts = given.getAll('text'), boxes = $$('textarea[data-box]', form());
  const known = given.get('tab') === $('[name=tab]', form()).value && texts.length === boxes.length;
  if (rev !== $('[name=rev]', form()).value || !known) return offer(texts.join('\n\n'));
  boxes.forEach((box, n) => { box.value = texts[n]; sync(box); });
  for (const el of $$('[data-alt], [data-option], #date, #time', form())) {
    if (!given.has(el.name)) continue;
    if (el.type === 'checkbox') el.checked = given.getAll(el.name).includes(el.value); else el.value = given.get(el.name);
  }
  state('Not saved yet');
  Carillon.toast('What you had not saved is back.', '', true);
  const send = () => { /* once htmx has taken hold of the form */
    if (!form()?.hasAttribute('data-htmx-powered')) return;
    document.removeEventListener('htmx:after:process', send);
    htmx.trigger(form(), 'change');
  };
  document.addEventListener('htmx:after:process', send);
  send();
}
function offer(text) {
  const node = $('#t-kept').content.firstElementChild.cloneNode(true);
  $('[data-text]', node).textContent = text;
  $('#notice').replaceChildren(node);
}
document.addEventListener('click', e => {
  if (e.target.closest('[data-forget]') && form()) { forget(); saved = what(); }
  if (e.target.closest('[data-kept-away]')) { forget(); $('#notice').replaceChildren(); }
  const to = e.target.closest('[data-focus]');
  if (to && form()) { e.preventDefault(); go(to.dataset.focus); }
});
function go(id) {
  const el = $('#' + CSS.escape(id));
  $('#mode-write').checked = true;
  el?.closest('details')?.setAttribute('open', '');
  el?.focus();
  el?.scrollIntoView({ block: 'center', behavior: 'smooth' });
}
on('composer:problem', () => {
  const bad = $('#checks [data-ok=no] .btn, #checks [data-ok=todo] .btn') || $('[aria-invalid=true]');
  const gone = $('#when-slot .field__error');
  ($('#when-note .field__error') ? $('#date') : gone ? $('[name=when]:checked') : bad)?.focus();
  say($('#when-note')?.textContent.trim() || gone?.textContent.trim() || $('#checks h2').textContent);
});

/* --- pictures: dropped anywhere, pasted or chosen; each starts at once --- */
on('change', e => { if (e.target.id === 'files') { take(e.target.files); e.target.value = ''; } });
on('paste', e => {
  const files = [...(e.clipboardData?.files || [])].filter(f => /^(image|video)\//.test(f.type));
  if (files.length && ours(e)) { e.preventDefault(); take(files); }
});
const carries = e => [...(e.dataTransfer?.types || [])].includes('Files');
const lit = yes => $('#dropzone')?.classList.toggle('is-over', yes);
on('dragover', e => { if (carries(e)) { e.preventDefault(); lit(true); } });
on('dragleave', e => { if (!e.relatedTarget) lit(false); });
on('drop', e => { if (!carries(e)) return; e.preventDefault(); lit(false); take(e.dataTransfer.files); });
function take(files) { for (const file of files) upload(file); }
function upload(file) {
  const { upload: url } = form().dataset, list = $('#uploads');
  if (!url || !list) return;
  const node = $('#t-upload').content.firstElementChild.cloneNode(true), bar = $('progress', node), image = $('img', node);
  image.src = URL.createObjectURL(file);
  image.onload = image.onerror = () => URL.revokeObjectURL(image.src);
  $('[data-name]', node).textContent = file.name;
  list.append(node);
  const asked = new XMLHttpRequest(), body = new FormData(), part = partOf();
  /* they travel at the same time, and join the post in the order they were chosen in */
  let done;
  const before = turn;
  turn = new Promise(yes => { done = yes; });
  body.append('file', file);
  asked.open('POST', url);
  asked.setRequestHeader('X-CSRFToken', $('[name=csrf_token]', form()).value);
  asked.upload.onprogress = e => { if (e.lengthComputable) bar.value = e.loaded / e.total; };
  asked.onload = async () => {
    let told = {};
    try { told = JSON.parse(asked.responseText); } catch { /* not ours: the words below do */ }
    if (asked.status !== 201) return failed(node, told.message || 'This picture could not be uploaded.', done());
    bar.removeAttribute('value');
    await before;
    await htmx.ajax('POST', form().dataset.media, { source: form(), swap: 'none', values: { media: told.media.id, part } });
    done();
    $(`#uploads [data-upload="${node.dataset.upload}"]`)?.remove();
    say(`${file.name} is added.`);
  };
  asked.onerror = () => failed(node, 'Carillon did not answer. Try this picture again.', done());
  node.dataset.upload = String(++number);
  $('[data-cancel]', node).addEventListener('click', () => { asked.abort(); node.remove(); done(); });
  asked.send(body);
}
let number = 0, turn = Promise.resolve();
function failed(node, why) {
  node.dataset.failed = '';
  $('[data-why]', node).textContent = why;
  say(why);
}
const partOf = () => {
  const last = $$('textarea[data-box]', form()).indexOf(lastBox);
  return Math.max(last, 0);
};
let lastBox = null;
on('focusin', e => { if (e.target.matches('textarea[data-box]')) lastBox = e.target; });

/* --- where a picture is cut: by the slider, or by pressing on what matters --- */
on('input', e => {
  const side = e.target.dataset.crop, pic = side && $(`[data-crop-pic="${e.target.id}"]`);
  if (!pic) return;
  const size = side === 'x' ? 'width' : 'height', whole = pic.viewBox.baseVal[size], kept = Number($('rect', pic).getAttribute(size));
  for (const frame of $$('rect', pic)) frame.setAttribute(side, Math.min(Math.max(whole * e.target.value / 100 - kept / 2, 0), whole - kept));
});
on('click', e => {
  const pic = e.target.closest('[data-crop-pic]'), slider = pic && $('#' + pic.dataset.cropPic);
  if (!slider) return;
  const r = pic.getBoundingClientRect();
  slider.value = 100 * (slider.dataset.crop === 'x' ? (e.clientX - r.left) / r.width : (e.clientY - r.top) / r.height);
  slider.dispatchEvent(new Event('input', { bubbles: true }));
});

/* --- order of pictures: drag, or Alt and the arrows on a picture's button --- */
on('keydown', e => {
  const shot = e.altKey && e.target.closest?.('.shot'), way = { ArrowLeft: 'left', ArrowRight: 'right' }[e.key];
  if (!shot || !way) return;
  e.preventDefault();
  $(`[data-move=${way}]:not(:disabled)`, shot)?.click();
});
mount('.media__row', list => {
  if (!window.Sortable) return;
  window.Sortable.create(list, {
    draggable: '.shot', filter: '.shotmenu, .uploads, .dropzone', preventOnFilter: false, animation: 150, delay: 250, delayOnTouchOnly: true,
    onEnd({ item, newDraggableIndex, oldDraggableIndex }) {
      if (newDraggableIndex === oldDraggableIndex) return;
      htmx.ajax('POST', form().getAttribute('action'), { source: form(), swap: 'none', values: { go: `to:${item.dataset.item}:@${newDraggableIndex}` } });
    },
  });
});
})();
