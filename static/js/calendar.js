/* The calendar: dragging a post to another day, the same by keyboard, a look at a post, a phone's
   day. The server decides and sends the days back; what it refuses lies where it was. */
(() => {
'use strict';
const { mount, say } = window.Carillon;
const $ = (s, r = document) => r.querySelector(s);
const cal = () => $('#cal');
const dayOf = el => el?.closest('.day');
const dateOf = day => day.id.slice(2);
const named = day => $('.day__n > .vh', day).textContent.trim().replace(/, \d+ posts?$/, '');
const clockOf = el => $('time', el)?.textContent || '';
const idOf = el => el.id.replace('post-', '');
const carried = '.chip[data-rev], .draft[data-rev]';

/* --- asking the server --- */
const ask = (method, path, more) => htmx.ajax(method, cal().dataset.posts + path, { source: cal(), ...more });
function place(el, day) {
  const { month, query } = cal().dataset;
  const values = { at: dateOf(day), rev: el.dataset.rev, month };
  return ask('PATCH', `${idOf(el)}/schedule${query}`, { values, swap: 'none' });
}

/* --- the bar that says where the post would go --- */
function bar(day, el, keys) {
  const box = $('#movebar');
  box.hidden = !day;
  if (!day) return '';
  const time = clockOf(el) || '09:00', past = 'past' in day.dataset;
  const text = past ? `${named(day)} has passed` : `${named(day)}, ${time}`;
  $('[data-where]', box).textContent = text;
  $('[data-keys]', box).hidden = !keys;
  for (const other of document.querySelectorAll('.day.is-target')) other.classList.remove('is-target');
  if (!past) day.classList.add('is-target');
  return text;
}
const clear = () => { bar(null); $('.day.is-target')?.classList.remove('is-target'); };

/* --- dragging --- */
function sortable(list, put) {
  if (!window.Sortable) return;
  new Sortable(list, {
    group: { name: 'calendar', put }, draggable: carried, sort: false, animation: 0, delay: 250, delayOnTouchOnly: true,
    forceFallback: true, fallbackOnBody: true, fallbackTolerance: 4, fallbackClass: 'dragged', ghostClass: 'ghost',
    onStart: () => { peekOff(); document.documentElement.dataset.dragging = ''; },
    onMove: e => { const day = dayOf(e.to); if (day) bar(day, e.dragged); },
    onEnd: e => { delete document.documentElement.dataset.dragging; clear(); if (e.to !== e.from) dropped(e); },
  });
}
async function dropped({ item, from, to, oldIndex }) {
  if ('past' in to.dataset) say('That day has passed.');
  await place(item, to);
  if (to.isConnected && item.parentNode === to) from.insertBefore(item, from.children[oldIndex] || null); /* no answer came */
}
mount('.day', day => sortable(day, () => !('past' in day.dataset)));
mount('[data-drag="tray"]', list => sortable(list, false));
/* the browser would drag the link itself */
document.addEventListener('dragstart', e => { if (e.target.closest?.(carried)) e.preventDefault(); });
/* a drag ends with a click on the link under the pointer */
document.addEventListener('click', e => {
  if ('dragging' in document.documentElement.dataset && e.target.closest(carried)) { e.preventDefault(); e.stopImmediatePropagation(); }
}, true);

/* --- the same by keyboard: M, arrows, Enter, Esc --- */
const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
let held = null;
const days = () => [...document.querySelectorAll('.month__grid > .day')];
function beside(day, step) {
  const all = days();
  return all[all.indexOf(day) + step];
}
function take(el) {
  const day = dayOf(el) || $('.day[data-today]') || days()[0];
  held = { el, day };
  el.dataset.dragging = '';
  say(`Moving ${$('.chip__text, .title', el).textContent}. ${bar(day, el, true)}. Arrows choose the day, Enter places it, Escape puts it back.`);
}
function release() {
  if (!held) return;
  delete held.el.dataset.dragging;
  held = null;
  clear();
}
async function set() {
  const { el, day } = held;
  if ('past' in day.dataset) return say(`${named(day)} has passed. Choose a later day.`);
  release();
  if (dayOf(el) === day) return say('It stays where it was.');
  await place(el, day);
  const now = document.getElementById(el.id);
  (now?.matches('a') ? now : $('a', now || undefined))?.focus();
}
function moving(e) {
  const step = steps[e.key];
  if (step) {
    const next = beside(held.day, step);
    if (!next) return say('That is as far as this page goes.');
    held.day = next;
    next.scrollIntoView({ block: 'nearest' });
    return say(bar(next, held.el, true));
  }
  if (e.key === 'Enter') return set();
  if (e.key !== 'Escape') return;
  const { el } = held;
  release();
  el.focus();
  say('Put back.');
}

/* --- a look at a post: Space, or the mouse resting on it --- */
let peeked = null, rest;
function peek(el) {
  peeked = el;
  return ask('GET', `${idOf(el)}/peek`, { target: '#popover', swap: htmx.config.defaultSwap });
}
function peekOff() {
  clearTimeout(rest);
  peeked = null;
  if ($('#popover').matches(':popover-open')) $('#popover').hidePopover();
}
document.addEventListener('beforetoggle', e => {
  if (e.target.id !== 'popover' || e.newState !== 'open' || !peeked?.isConnected) return;
  const r = peeked.getBoundingClientRect(), low = r.bottom > innerHeight * .6, right = r.left > innerWidth * .6;
  e.target.style.margin = 0;
  e.target.style.inset = [low ? 'auto' : `${r.bottom + 4}px`, right ? `${innerWidth - r.right}px` : 'auto',
    low ? `${innerHeight - r.top + 4}px` : 'auto', right ? 'auto' : `${Math.max(8, r.left)}px`].join(' ');
}, true);
document.addEventListener('pointerover', e => {
  const el = e.pointerType === 'mouse' && !e.buttons && e.target.closest('.month .chip');
  if (!el || el === peeked) return;
  clearTimeout(rest);
  rest = setTimeout(() => { if (!held && el.matches(':hover') && !$('#dialog').open) peek(el); }, 400);
});
document.addEventListener('pointerout', e => {
  if (!e.target.closest('.month .chip, #popover')) return;
  clearTimeout(rest);
  rest = setTimeout(() => {
    if (peeked && !peeked.matches(':hover, :focus-visible') && !$('#popover').matches(':hover, :focus-within')) peekOff();
  }, 300);
});

/* --- keys --- */
document.addEventListener('keydown', e => {
  if (!cal() || $('#dialog').open || e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return;
  if (held) {
    if (e.key === 'Tab') return release();
    e.preventDefault();
    e.stopImmediatePropagation();
    return moving(e);
  }
  const at = document.activeElement, day = dayOf(at), el = at.closest?.(carried), letter = document.documentElement.dataset.keys !== 'off';
  let done = true;
  if (letter && el && e.key.toLowerCase() === 'm') take(el);
  else if (letter && day && e.key === 'n' && $('.day__add', day)) $('.day__add', day).click();
  else if (e.key === ' ' && at.matches?.('.month .chip')) peek(at);
  else if (!e.shiftKey && day && at.matches('.day__n, .chip') && steps[e.key] && !$('#popover').matches(':popover-open')) $('.day__n', beside(day, steps[e.key]) || day).focus();
  else done = false;
  if (done) { e.preventDefault(); e.stopImmediatePropagation(); }
}, true);
document.addEventListener('focusout', e => { if (held && e.relatedTarget && !e.relatedTarget.closest(`#${CSS.escape(held.el.id)}`)) release(); });

/* --- on a phone a day opens below the month --- */
document.addEventListener('click', e => {
  const link = e.target.closest('.month .day__n');
  if (!link || getComputedStyle($('#day-panel')).display === 'none') return;
  e.preventDefault();
  e.stopImmediatePropagation();
  for (const one of document.querySelectorAll('.day__n[data-open]')) delete one.dataset.open;
  link.dataset.open = '';
  htmx.ajax('GET', link.getAttribute('href'), { source: cal(), target: '#day-panel', swap: 'outerHTML' })
    .then(() => { const panel = $('#day-panel'); say(panel.ariaLabel); panel.scrollIntoView({ block: 'nearest' }); });
}, true);
})();
