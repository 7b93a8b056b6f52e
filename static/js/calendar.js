/* The calendar: moving a post by mouse and keyboard, a look at a post, a phone's day. The server decides and sends the days back; what it refuses lies where it was. */
(() => {
'use strict';
const { mount, say } = window.Carillon;
const $ = (s, r = document) => r.querySelector(s);
const cal = () => $('#cal');
const dayOf = el => el?.closest('.day');
const named = day => $('.day__n > .vh', day).textContent.trim().replace(/, \d+ posts?$/, '');
const titleOf = el => $('.chip__text, .title', el).textContent;
const idOf = el => el.id.replace('post-', '');
const carried = '.chip[data-rev], .draft[data-rev]';

/* --- the views: a month moves posts by days, a week by quarters of an hour (week.js) --- */
const views = window.Carillon.views ||= [];
const view = () => views.find(one => $(one.root));

/* --- asking the server --- */
const ask = (method, path, more) => htmx.ajax(method, cal().dataset.posts + path, { source: cal(), ...more });
function send(id, values) {
  const { month, week, query } = cal().dataset;
  return ask('PATCH', `${id}/schedule${query}`, { values: { ...values, ...(week ? { week } : { month }) }, swap: 'none' });
}
const place = (el, at) => send(idOf(el), { at, rev: el.dataset.rev });
/* asked because another post is close: the answer is sent for good */
document.addEventListener('click', async e => {
  const { place: at, post, rev } = e.target.closest?.('#dialog [data-place]')?.dataset || {};
  if (!at) return;
  $('#dialog').close();
  await send(post, { at, rev, sure: 1 });
  document.getElementById(`post-${post}`)?.focus();
});

/* --- the bar that says where the post would go, or why it stays --- */
function bar(text, el, keys) {
  const box = $('#movebar'), what = $('[data-what]', box);
  box.hidden = !text;
  if (!text) return;
  if (what) what.textContent = titleOf(el);
  $('[data-where]', box).textContent = text;
  $('[data-keys]', box).hidden = !keys;
}
function show(spot, el, keys) {
  const text = view().passed(spot) || view().words(spot, el);
  view().mark(spot);
  bar(text, el, keys);
  return text;
}
const clear = () => { view()?.mark(null); bar(''); };
const stays = {
  published: 'This post has gone out, so it stays where it is', partial: 'Part of this post has gone out, so it stays where it is',
  publishing: 'This post is going out', failed: 'This post did not go out: open it to send it again',
};
const stuck = el => stays[el.dataset.status] || 'This post cannot be moved: open it to see why';
window.Carillon.calendar = { place, bar, show, clear, stuck, carried, quiet: () => peekOff() };

/* --- a month: dragging from day to day --- */
const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const days = () => [...document.querySelectorAll('.month__grid > .day')];
function beside(day, step) {
  const all = days();
  return all[all.indexOf(day) + step];
}
views.push({
  root: '.month', later: 'day', day: dayOf,
  get help() {
    $('#movebar [data-slots]').hidden = !slots().length;
    return 'Arrows choose the day';
  },
  from: el => dayOf(el) || $('.day[data-today]') || days()[0],
  step: (spot, key) => key.toLowerCase() === 's' ? nextSlot(spot) : steps[key] && (beside(dayOf(spot), steps[key]) || null),
  words: (spot, el) => `${named(dayOf(spot))}, ${$('time', spot.matches('.slot') ? spot : el)?.textContent || '09:00'}${spot.matches('.slot') ? ', an open slot' : ''}`,
  passed: spot => 'past' in dayOf(spot).dataset ? `${named(dayOf(spot))} has passed` : '',
  stays: (day, el) => dayOf(el) === day,
  at: spot => spot.dataset.at || spot.id.slice(2),
  mark(spot) {
    for (const other of document.querySelectorAll('.month .is-target')) other.classList.remove('is-target');
    if (spot && !this.passed(spot)) { spot.classList.add('is-target'); dayOf(spot).classList.add('is-target'); }
    spot?.scrollIntoView({ block: 'nearest' });
  },
  walk(at, key) { const day = dayOf(at); return $('.day__n', beside(day, steps[key]) || day); },
});
/* a day keeps the time of what lands on it; an open slot of it gives its own */
const slots = () => [...document.querySelectorAll('.month .slot')];
function nextSlot(spot) {
  const all = slots(), next = all.find(one => spot.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
  return all.length ? next || null : undefined;
}
let dragged = null, over = null, landing = null;
document.addEventListener('pointermove', e => {
  const slot = dragged && document.elementFromPoint(e.clientX, e.clientY)?.closest('.month .slot') || null;
  if (!dragged || slot === landing) return;
  landing = slot;
  if (slot || over) show(slot || over, dragged);
});
function sortable(list, put) {
  if (!window.Sortable || !$('.month')) return;
  new Sortable(list, {
    group: { name: 'calendar', put }, draggable: carried, sort: false, animation: 0, delay: 250, delayOnTouchOnly: true,
    forceFallback: true, fallbackOnBody: true, fallbackTolerance: 4, fallbackClass: 'dragged', ghostClass: 'ghost',
    onStart: e => { peekOff(); dragged = e.item; document.documentElement.dataset.dragging = ''; },
    onMove: e => {
      if (landing) return false; /* so that it is not pushed away from under the hand */
      const day = dayOf(e.to);
      if (day) show(over = day, e.dragged);
      return true;
    },
    onEnd: e => {
      const slot = landing;
      dragged = over = landing = null;
      delete document.documentElement.dataset.dragging;
      clear();
      if (slot || e.to !== e.from) dropped(e, slot);
    },
  });
}
async function dropped({ item, from, to, oldIndex }, slot) {
  if (!slot && 'past' in to.dataset) say('That day has passed.');
  await place(item, view().at(slot || to));
  if (to.isConnected && item.parentNode === to) from.insertBefore(item, from.children[oldIndex] || null); /* no answer came */
}
mount('.day', day => sortable(day, () => !('past' in day.dataset)));
mount('[data-drag="tray"]', list => sortable(list, false));
/* the browser would drag the link itself */
document.addEventListener('dragstart', e => { if (e.target.closest?.('#cal .chip, .draft')) e.preventDefault(); });
/* a drag ends with a click on the link under the pointer */
document.addEventListener('click', e => {
  if ('dragging' in document.documentElement.dataset && e.target.closest('.chip, .draft')) { e.preventDefault(); e.stopImmediatePropagation(); }
}, true);

/* --- the same by keyboard: M, arrows, Enter, Esc --- */
let held = null;
function take(el) {
  held = { el, spot: view().from(el) };
  el.dataset.dragging = '';
  say(`Moving ${titleOf(el)}. ${show(held.spot, el, true)}. ${view().help}, Enter places it, Escape puts it back.`);
}
function release() {
  if (!held) return;
  delete held.el.dataset.dragging;
  held = null;
  clear();
}
async function set() {
  const { el, spot } = held, late = view().passed(spot);
  if (late) return say(`${late}. Choose a later ${view().later}.`);
  const at = view().at(spot), same = view().stays(spot, el);
  release();
  if (same) return say('It stays where it was.');
  await place(el, at);
  const now = document.getElementById(el.id);
  (now?.matches('a') ? now : $('a', now || undefined))?.focus();
}
function moving(e) {
  const next = view().step(held.spot, e.key);
  if (next === null) return say('That is as far as this page goes.');
  if (next) {
    held.spot = next;
    return say(show(next, held.el, true));
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
  if (e.target.id !== 'popover' || e.newState !== 'open') return;
  if ('dragging' in document.documentElement.dataset) return e.preventDefault(); /* asked for before the hand closed */
  if (!peeked?.isConnected) return;
  const r = peeked.getBoundingClientRect(), low = r.bottom > innerHeight * .6, right = r.left > innerWidth * .6;
  e.target.style.margin = 0;
  e.target.style.inset = [low ? 'auto' : `${r.bottom + 4}px`, right ? `${innerWidth - r.right}px` : 'auto',
    low ? `${innerHeight - r.top + 4}px` : 'auto', right ? 'auto' : `${Math.max(8, r.left)}px`].join(' ');
}, true);
document.addEventListener('pointerover', e => {
  const el = e.pointerType === 'mouse' && !e.buttons && e.target.closest('#cal .chip');
  if (!el || el === peeked) return;
  clearTimeout(rest);
  rest = setTimeout(() => { if (!held && el.matches(':hover') && !$('#dialog').open) peek(el); }, 400);
});
document.addEventListener('pointerdown', () => clearTimeout(rest));
document.addEventListener('pointerout', e => {
  if (!e.target.closest('#cal .chip, #popover')) return;
  clearTimeout(rest);
  rest = setTimeout(() => {
    if (peeked && !peeked.matches(':hover, :focus-visible') && !$('#popover').matches(':hover, :focus-within')) peekOff();
  }, 300);
});

/* --- keys --- */
document.addEventListener('keydown', e => {
  if (!view() || $('#dialog').open || e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return;
  if (held) {
    if (e.key === 'Tab') return release();
    e.preventDefault();
    e.stopImmediatePropagation();
    return moving(e);
  }
  const at = document.activeElement, day = view().day(at), el = at.closest?.(carried), letter = document.documentElement.dataset.keys !== 'off';
  let done = true;
  if (letter && el && e.key.toLowerCase() === 'm') take(el);
  else if (letter && at.matches?.('#cal[data-write] .chip') && e.key.toLowerCase() === 'm') say(`${stuck(at)}.`);
  else if (letter && day && e.key === 'n' && $('.day__add', day)) $('.day__add', day).click();
  else if (e.key === ' ' && at.matches?.('#cal .chip')) peek(at);
  else if (!e.shiftKey && day && at.matches('.day__n, [data-day], .chip') && steps[e.key] && !$('#popover').matches(':popover-open')) view().walk(at, e.key)?.focus();
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
