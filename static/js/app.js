/* What every page does in the browser. Events are delegated, so swapped content needs no wiring;
   page scripts (`defer`, in head_extra, loaded once) use Carillon.mount and the rest below. */
(() => {
'use strict';
const root = document.documentElement;
const $ = (s, r = document) => r.querySelector(s);
const $$ = (s, r = document) => [...r.querySelectorAll(s)];
const on = (type, fn, capture) => document.addEventListener(type, fn, capture);
const copyOf = id => $('#' + id).content.firstElementChild.cloneNode(true);
const make = (name, ...inside) => { const el = document.createElement(name); el.append(...inside); return el; };
const fill = (node, part, text) => { $(part, node).textContent = text; };

/* start(element), once for each that matches, now and after every swap */
const mounts = [];
function scan(from) {
  for (const m of mounts) for (const el of [from, ...$$(m.selector, from)]) {
    if (el.matches?.(m.selector) && !m.done.has(el)) { m.done.add(el); m.start(el); }
  }
}
function mount(selector, start) { mounts.push({ selector, start, done: new WeakSet() }); scan(root); }

/* --- speech and toasts --- */
const say = text => { const box = $('#announce'); box.textContent = ''; setTimeout(() => { box.textContent = text; }, 60); };
function toast(text, undo, plain) {
  const node = copyOf('t-toast'), form = $('form', node);
  fill(node, '[data-text]', text);
  if (undo) form.setAttribute('hx-post', undo); else form.remove();
  if (plain) $('.i', node)?.remove();
  show(node);
  window.htmx?.process(node);
}
function show(node) { /* 8 s, longer while hovered or focused */
  let clock;
  const gone = () => node.remove(), stop = () => clearTimeout(clock), go = () => { stop(); clock = setTimeout(gone, 8000); };
  const when = { pointerenter: stop, focusin: stop, pointerleave: go, focusout: go, 'htmx:finally:request': gone };
  for (const type in when) node.addEventListener(type, when[type]);
  $('#toasts').append(node);
  go();
}
on('toast', e => toast(e.detail.text, e.detail.undo)); /* HX-Trigger: {"toast": {…}} */
mount('#flashes > .toast', show);

/* --- dialog: opens when something is swapped into it; closes empty --- */
const sheet = () => $('#dialog');
function open(node) {
  const box = sheet();
  if (node) box.replaceChildren(node);
  if (!box.open) box.showModal();
  return box;
}
on('close', e => { if (e.target === sheet()) sheet().replaceChildren(); }, true);
function ask(el) {
  const node = copyOf('t-confirm'), d = el.dataset, yes = $('[data-yes]', node);
  fill(node, 'h2', d.confirm);
  if (d.confirmText) fill(node, '[data-text]', d.confirmText); else $('[data-text]', node).remove();
  yes.textContent = d.confirmButton || el.textContent.trim();
  if (d.kind === 'primary') [yes.autofocus, yes.dataset.kind] = [true, d.kind];
  const box = open(node);
  box.returnValue = '';
  return new Promise(done => box.addEventListener('close', () => done(box.returnValue === 'yes'), { once: true }));
}
on('click', async e => {
  const el = e.target.closest('[data-confirm]');
  if (!el || el.dataset.sure) return;
  e.preventDefault();
  e.stopImmediatePropagation();
  if (!await ask(el)) return;
  el.dataset.sure = '1';
  el.click();
  delete el.dataset.sure;
}, true);

/* --- clicks: theme, clipboard, password, close, help --- */
const clicks = {
  'data-set-theme'({ dataset: { setTheme: name } }) {
    root.dataset.theme = name;
    document.cookie = `theme=${name}; path=/; max-age=31536000; samesite=lax`;
    for (const b of $$('[data-set-theme]')) b.ariaPressed = b.dataset.setTheme === name;
  },
  async 'data-copy'(el) { /* a selector, or data-copy-text */
    const from = el.dataset.copy && $(el.dataset.copy);
    try {
      await navigator.clipboard.writeText(el.dataset.copyText || from.value || from.textContent.trim());
      toast('Copied.');
    } catch { /* no clipboard without https */
      if (from) getSelection().selectAllChildren(from);
      toast('Press Ctrl+C to copy.', '', true);
    }
  },
  'data-reveal'(el) {
    const field = $('#' + el.dataset.reveal), shown = field.type === 'text';
    field.type = shown ? 'password' : 'text';
    el.ariaPressed = !shown;
  },
  'data-close'(el) { el.closest('dialog')?.close(); el.closest('[popover]')?.hidePopover(); },
  'data-help': help,
};
on('click', e => {
  for (const name in clicks) {
    const el = e.target.closest(`[${name}]`);
    if (el) clicks[name](el);
  }
  e.target.closest('.menu:not(#popover) :is(a, button):not([data-set-theme])')?.closest('.menu').hidePopover();
});
mount('[data-reveal][hidden]', el => { el.hidden = false; });
on('input', e => {
  const { dataset: { filter }, value } = e.target;
  if (filter) for (const li of $('#' + filter).children) li.hidden = !li.textContent.toLowerCase().includes(value.toLowerCase());
});

/* --- shortcuts click a control of the page: data-key="c", "g c", "Alt+b", "Ctrl+Enter" --- */
let before = '', beforeAt = 0;
const typing = el => el.closest?.('textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button])');
function nameOf(e) {
  const plain = e.key.length === 1, key = e.altKey ? e.code.replace(/^(Key|Digit)/, '') : e.key;
  return (e.ctrlKey || e.metaKey ? 'Ctrl+' : '') + (e.altKey ? 'Alt+' : '') + (e.shiftKey && !plain ? 'Shift+' : '')
    + (key.length === 1 ? key.toLowerCase() : key);
}
on('keydown', e => {
  if (e.defaultPrevented || e.isComposing) return;
  const menu = [e.target.closest?.('.menu'), e.target.popoverTargetElement].find(m => m?.matches(':popover-open'));
  const step = { ArrowUp: -1, ArrowDown: 1 }[e.key];
  if (menu && step) {
    const ways = $$('a, button, input', menu).filter(w => w.offsetParent), at = ways.indexOf(e.target);
    ways[(Math.max(at + step, at < 0 ? 0 : -1) + ways.length) % ways.length]?.focus();
    return e.preventDefault();
  }
  const name = nameOf(e), single = !/^(Ctrl|Alt)\+/.test(name);
  if (sheet().open || (single && (typing(e.target) || root.dataset.keys === 'off'))) return;
  const both = Date.now() - beforeAt < 1200 ? `${before} ${name}` : '';
  [before, beforeAt] = [name, Date.now()];
  if (name === '?') return help();
  const found = key => $$('[data-key]').filter(el => key && el.dataset.key === key && !el.disabled);
  const all = [...found(both), ...found(name)], el = all.find(x => x.offsetParent) || all[0];
  if (!el) return;
  e.preventDefault();
  before = '';
  if (typing(el) || el.popoverTargetElement) el.focus();
  if (!typing(el)) el.click();
});
function help() {
  const node = copyOf('t-keys'), list = $('dl', node), seen = new Set();
  for (const el of $$('[data-key]')) {
    const { key, keyLabel } = el.dataset;
    if (seen.has(key)) continue;
    seen.add(key);
    const caps = key.split(/[ +](?=.)/).map(k => make('kbd', k.length > 1 ? k : k.toUpperCase()));
    const does = keyLabel || el.ariaLabel || ($('span', el) || el).textContent.trim();
    list.append(make('div', make('dt', ...caps), make('dd', does)));
  }
  open(node);
}

/* --- popovers open beside their control (CSSOM: the policy allows it) --- */
let opener;
on('click', e => { opener = e.target.closest('[popovertarget], [hx-target="#popover"]') || opener; }, true);
function place(box) {
  const r = opener?.getBoundingClientRect();
  if (!r || !r.width) return;
  const low = r.bottom > innerHeight * .6, right = r.left > innerWidth * .6, above = innerHeight - r.top, below = r.bottom;
  box.style.margin = 0;
  box.style.inset = [low ? 'auto' : `${below + 4}px`, right ? `${innerWidth - r.right}px` : 'auto',
    low ? `${above + 4}px` : 'auto', right ? 'auto' : `${Math.max(8, r.left)}px`].join(' ');
  box.style.maxHeight = `${innerHeight - (low ? above : below) - 12}px`;
}
on('beforetoggle', e => { if (e.newState === 'open' && e.target.matches?.('[popover]')) place(e.target); }, true);

/* --- requests --- */
const spin = on => ({ detail: { ctx } }) => {
  const button = [ctx.request?.submitter, ctx.sourceElement].find(el => el?.matches?.('.btn'));
  if (button && !ctx.keepIndicators) button.ariaBusy = on;
};
async function fetchPage(url, options) { /* a page's own styles and scripts come before its body */
  const answer = await fetch(url, options), ready = [];
  const page = new DOMParser().parseFromString(await answer.clone().text(), 'text/html');
  for (const el of $$('link[rel=stylesheet], script[src]', page.head)) {
    const name = el.src ? 'src' : 'href', at = el.getAttribute(name);
    if ($$(`[${name}]`, document.head).some(x => x.getAttribute(name) === at)) continue;
    if ('core' in el.dataset) return location.assign(answer.url), new Response(null, { status: 204 }); /* a new release */
    const made = make(el.localName);
    for (const a of el.attributes) made.setAttribute(a.name, a.value);
    ready.push(new Promise(done => { made.onload = made.onerror = done; }));
    document.head.append(made);
  }
  await Promise.all(ready);
  return answer;
}
on('htmx:config:request', e => { if (e.detail.ctx.target === document.body) e.detail.ctx.fetch = fetchPage; });
on('htmx:before:request', spin(true));
on('htmx:finally:request', spin(null));
on('submit', e => { /* plain forms: once, and with a spinner */
  const { target: form, submitter } = e;
  if (e.defaultPrevented || form.method === 'dialog') return;
  if (form.dataset.sent) return e.preventDefault();
  form.dataset.sent = '1';
  if (submitter) submitter.ariaBusy = true;
  setTimeout(() => { delete form.dataset.sent; if (submitter) submitter.ariaBusy = null; }, 8000);
});

on('htmx:before:swap', e => {
  for (const t of e.detail.tasks) if (t.target?.id === 'notice') t.target = notice();
  e.detail.ctx.kept = $$('#toasts > *');
});
on('htmx:after:swap', e => {
  const { ctx } = e.detail;
  if (ctx.target !== document.body) return;
  $('#toasts').append(...ctx.kept.filter(t => !t.isConnected));
  if (document.activeElement === document.body) $('#main')?.focus({ preventScroll: true });
  setTimeout(() => say(document.title));
});
on('htmx:after:settle', ({ target: box }) => {
  if (!box.childElementCount) return;
  if (box.id === 'dialog') open();
  if (box.id === 'popover') box.showPopover();
});
on('htmx:after:process', e => scan(e.target));

/* --- when it did not work, the form stays --- */
const notice = () => (sheet().open && $('[data-notice]', sheet())) || $('#notice');
function unsaved(ctx, why) {
  const node = copyOf('t-unsaved'), box = notice(), read = ctx.request.method === 'GET';
  const { sourceElement: el, sourceEvent: ev, request: { submitter } } = ctx;
  fill(node, '[data-title]', `That did not ${read ? 'load' : 'save'}.`);
  fill(node, '[data-text]', why + (read ? '' : ' What you entered is still here.'));
  $('[data-again]', node).addEventListener('click', () => {
    box.replaceChildren();
    if (ev?.type === 'submit') el.requestSubmit(submitter?.isConnected ? submitter : null); else htmx.trigger(el, ev?.type || 'click');
  });
  box.replaceChildren(node);
}
const quiet = ctx => ctx.sourceEvent?.type === 'every';
on('htmx:response:error', e => {
  const { ctx } = e.detail, { status, headers } = ctx.response, wait = headers.get('Retry-After');
  const time = wait > 90 ? `${Math.ceil(wait / 60)} minutes` : wait ? `${wait} seconds` : 'a moment';
  if (status === 429) toast(`That was too often. Try again in ${time}.`, '', true);
  if (status < 500 || quiet(ctx)) return;
  unsaved(ctx, `${status === 503 ? 'Carillon cannot answer just now.' : 'Something broke on our side.'} (${headers.get('X-Request-Id')})`);
});
on('htmx:error', e => {
  const { ctx } = e.detail;
  if (!ctx || ctx.response) return;
  if (!quiet(ctx)) unsaved(ctx, 'The server did not answer.');
  look();
});

/* --- reachable? Asked of the server: a laptop without internet still reaches itself --- */
let looking;
async function look() {
  if (looking) return;
  looking = true;
  while (!await fetch('/healthz', { cache: 'no-store' }).then(r => r.ok, () => false)) {
    $('#offline').hidden = false;
    await new Promise(done => setTimeout(done, 8000));
  }
  looking = false;
  if ($('#offline').hidden) return;
  $('#offline').hidden = true;
  toast('Connected again.');
  document.dispatchEvent(new CustomEvent('carillon:online'));
}
addEventListener('offline', look);

window.Carillon = { mount, toast, say, open };
})();
