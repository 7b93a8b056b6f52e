/* The week's grid: a post is taken to another quarter of an hour by mouse, finger or keyboard.
   calendar.js asks the server and speaks; here is where things lie. Times are the brand's own:
   rows of its wall clock, sent as they are read, so a clock change moves nothing. */
(() => {
'use strict';
const { mount, say } = window.Carillon;
const $ = (s, r = document) => r.querySelector(s);
const $$ = (s, r = document) => [...r.querySelectorAll(s)];
const root = document.documentElement;
const ROWS = 96, SNAP = 20, LEN = 6; /* rows a day, minutes to a slot, rows of the mark */
const calendar = () => window.Carillon.calendar;
const body = () => $('.wg__body');
const columns = () => $$('.wg__col');
const two = n => String(n).padStart(2, '0');
const minutesOf = text => { const [h, m] = text.split(':'); return h * 60 + +m; };
const clockOf = spot => spot.time || `${two(Math.floor(spot.row / 4))}:${two(spot.row % 4 * 15)}`;
const at = spot => `${spot.col.dataset.date}T${clockOf(spot)}`;
const within = (li, row) => li && row >= +li.dataset.at && row < +li.dataset.at + +li.dataset.len;
const skipped = ({ col, row }) => within($('[data-skipped]', col), row);

/* --- folded hours open when something needs them, and stay so --- */
function unfold(side) {
  body().dataset[side] = side === 'first' ? 0 : 24;
  $(`.wg__fold[data-unfold="${side}"]`)?.remove();
}
function open(row, len) {
  if (row < body().dataset.first * 4) unfold('first');
  if (row + len > body().dataset.last * 4) unfold('last');
}
mount('.wg__col', col => {
  for (const li of $$('li[data-len]', col)) if ($('.chip, .slot, .comes', li)) open(+li.dataset.at, +li.dataset.len);
});
document.addEventListener('click', e => {
  const fold = e.target.closest('.wg__fold');
  if (!fold) return;
  e.preventDefault();
  e.stopImmediatePropagation();
  const next = $('.wg__day a');
  unfold(fold.dataset.unfold);
  next.focus({ preventScroll: true });
  say('All hours are shown.');
}, true);

/* --- the line that is now --- */
document.addEventListener('carillon:minute', ({ detail: now }) => {
  if (!body()) return;
  body().dataset.now = now;
  const minutes = minutesOf(now.slice(11)), label = $('.wg__nowlab');
  for (const line of $$('.wg__now, .wg__nowlab')) {
    const day = line.closest('.wg__col')?.dataset.date;
    if (day && day !== now.slice(0, 10)) continue; /* after midnight it stays until the page is opened again */
    [line.dataset.at, line.dataset.part] = [Math.floor(minutes / 15), Math.floor(minutes % 15 / 5)];
    ($('time', line) || line).textContent = now.slice(11);
  }
  if (label) for (const hour of $$('[data-hour]')) hour.hidden = Math.abs(hour.dataset.hour * 60 - minutes) < SNAP;
});

/* --- where a post would go: a spot is { col, row } and the slot's time where it snaps to one --- */
function slots(col) {
  return $$('[data-slot]', col).map(li => {
    const minutes = minutesOf(li.dataset.slot);
    return { col, row: Math.floor(minutes / 15), time: li.dataset.slot, minutes, slot: true };
  });
}
function snapped(spot) {
  const far = one => Math.abs(one.minutes - spot.row * 15);
  const [near] = slots(spot.col).filter(one => far(one) <= SNAP).sort((a, b) => far(a) - far(b));
  return near || spot;
}
function from(el) {
  const col = el.closest('.wg__col'), time = $('time', el)?.textContent;
  if (col) return { col, row: Math.floor(minutesOf(time.slice(0, 5)) / 15) };
  const now = body().dataset.now, today = $('.wg__col[data-today]');
  const row = today ? Math.min(Math.max(Math.ceil((minutesOf(now.slice(11)) + 1) / 15), 36), ROWS - 1) : 36;
  return { col: today || $('.wg__col:not([data-past])') || columns()[0], row };
}
function nextSlot(spot) {
  const all = columns().flatMap(slots), here = at(spot);
  return all.find(one => at(one) > here && at(one) > body().dataset.now) || null;
}
function step(spot, key) {
  if (key.toLowerCase() === 's') return $('.wg [data-slot]') ? nextSlot(spot) : undefined;
  const across = { ArrowLeft: -1, ArrowRight: 1 }[key], down = { ArrowUp: -1, ArrowDown: 1 }[key];
  if (across) {
    const all = columns(), col = all[all.indexOf(spot.col) + across];
    return col ? { col, row: spot.row } : null;
  }
  if (!down) return undefined;
  const next = { col: spot.col, row: spot.row + down };
  while (skipped(next)) next.row += down;
  return next.row >= 0 && next.row < ROWS ? next : null;
}
function words(spot) {
  const again = $('.wg__change[data-col="1/2"]', spot.col);
  return `${spot.col.dataset.named}, ${clockOf(spot)}${within(again, spot.row) ? ', the first of two' : ''}${spot.slot ? ', an open slot' : ''}`;
}
function passed(spot) {
  const named = `${spot.col.dataset.named}, ${clockOf(spot)}`;
  if (skipped(spot)) return `${named} does not exist: the clocks go forward`;
  return at(spot) <= body().dataset.now ? `${named} has passed` : '';
}
function mark(spot) {
  $('.wg .drop')?.remove();
  if (!spot) return;
  const li = document.createElement('li'), line = document.createElement('span'), why = passed(spot);
  open(spot.row, 1);
  $('#movebar [data-slots]').hidden = !$('.wg [data-slot]');
  li.className = 'drop';
  [li.dataset.at, li.dataset.len] = [Math.min(spot.row, ROWS - 2), Math.min(LEN, Math.max(ROWS - spot.row, 2))];
  if (why) li.dataset.refused = '';
  line.textContent = why || words(spot);
  li.append(line);
  spot.col.append(li);
  if (!drag) li.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}
function walk(here, key) {
  const heads = $$('.wg__day [data-day]'), across = { ArrowLeft: -1, ArrowRight: 1 }[key];
  const column = here.closest('.wg__col'), chips = $$('.chip', column || undefined);
  const day = column ? columns().indexOf(column) : heads.indexOf(here);
  if (across) return heads[day + across];
  if (!column) return key === 'ArrowDown' ? $('.chip', columns()[day]) : null;
  return chips[chips.indexOf(here) + (key === 'ArrowDown' ? 1 : -1)] || (key === 'ArrowUp' ? heads[day] : null);
}
(window.Carillon.views ||= []).push({
  root: '.wg', later: 'time', from, step, words, passed, at, mark, walk,
  help: 'Left and right choose the day, up and down the quarter of an hour',
  day: el => el?.closest?.('.wg__day, .wg__col'),
  stays: (spot, el) => { const was = from(el); return el.closest('.wg__col') === spot.col && was.row === spot.row && !spot.slot; },
});

/* --- dragging: the card follows the hand, its place snaps --- */
let drag = null;
const agenda = () => getComputedStyle(body()).display !== 'grid'; /* a phone */
document.addEventListener('pointerdown', e => {
  const el = e.target.closest('.wg[data-write] .chip, .weektray .draft[data-rev]');
  if (!el || e.button || drag || agenda()) return;
  const box = el.getBoundingClientRect(), touch = e.pointerType === 'touch';
  drag = { el, touch, id: e.pointerId, x: e.clientX, y: e.clientY, left: e.clientX - box.left, top: el.matches('.chip') ? e.clientY - box.top : 8 };
  if (touch) drag.clock = setTimeout(begin, 250);
});
function begin() {
  const { el, x, y } = drag, { bar, stuck, carried, quiet } = calendar();
  quiet();
  drag.begun = true;
  drag.why = el.matches(carried) ? '' : stuck(el);
  root.dataset.dragging = drag.why ? 'no' : '';
  if (drag.why) return bar(drag.why, el);
  const copy = el.matches('.chip') ? el.cloneNode(true) : card(el);
  copy.removeAttribute('id');
  drag.copy = document.createElement('div');
  drag.copy.className = 'carried';
  drag.copy.append(copy);
  if (el.matches('.chip')) drag.copy.style.inlineSize = `${el.offsetWidth}px`; else drag.left = 24;
  document.body.append(drag.copy);
  el.dataset.dragging = '';
  follow(x, y);
}
function card(el) { /* a draft of the tray as a chip */
  const chip = document.createElement('div'), text = document.createElement('span');
  [chip.className, chip.dataset.status, text.className, text.textContent] = ['chip', 'draft', 'chip__text', $('.title', el).textContent];
  chip.append(text);
  return chip;
}
/* --- a free time under the mouse: a click writes a post for it (by keyboard: N on the day) --- */
let busy = false;
function free(e) {
  const col = e.target.closest?.('.wg[data-write] .wg__col');
  if (!col || e.target !== col || drag || e.buttons || agenda()) return null;
  const r = col.getBoundingClientRect();
  const spot = { col, row: Math.min(Math.floor((e.clientY - r.top) / (r.height / ROWS)), ROWS - 1) };
  return passed(spot) ? null : spot;
}
document.addEventListener('pointermove', e => {
  const spot = body() && e.pointerType === 'mouse' ? free(e) : null, shown = $('.wg__new');
  if (!spot) return shown?.remove();
  const li = shown || document.createElement('li');
  li.className = 'wg__new';
  li.ariaHidden = 'true';
  [li.dataset.at, li.dataset.len, li.textContent] = [Math.min(spot.row, ROWS - 2), 2, `+ ${clockOf(spot)}`];
  if (li.parentNode !== spot.col) spot.col.append(li);
});
document.addEventListener('pointerdown', () => { busy = !!$(':popover-open'); }, true); /* that click only closes it */
document.addEventListener('click', e => {
  const spot = body() && !busy && !('dragging' in root.dataset) ? free(e) : null;
  if (spot) location.assign(`${$('.day__add', spot.col).getAttribute('href').split('?')[0]}?at=${at(spot)}`);
});

let resting;
function overFold(x, y) { /* resting on a folded line opens it */
  const fold = document.elementFromPoint(x, y)?.closest('.wg__fold');
  if (!fold) resting = clearTimeout(resting);
  else resting ||= setTimeout(() => { resting = null; if (drag && fold.isConnected) unfold(fold.dataset.unfold); }, 400);
}
function under(x, y) {
  const box = body().getBoundingClientRect();
  if (y < box.top || y > box.bottom) return null;
  const col = columns().find(one => { const r = one.getBoundingClientRect(); return x >= r.left && x < r.right; });
  if (!col) return null;
  const r = col.getBoundingClientRect(), row = Math.round((y - drag.top - r.top) / (r.height / ROWS));
  return snapped({ col, row: Math.min(Math.max(row, body().dataset.first * 4), ROWS - 1) });
}
function follow(x, y) {
  drag.copy.style.translate = `${x - drag.left}px ${y - drag.top}px`;
  if (y < 48) scrollBy(0, -16);
  if (y > innerHeight - 48) scrollBy(0, 16);
  overFold(x, y);
  drag.spot = under(x, y);
  const time = $('time', drag.copy);
  if (time && drag.spot) time.textContent = clockOf(drag.spot);
  if (drag.spot) calendar().show(drag.spot, drag.el); else calendar().clear();
  root.dataset.dragging = drag.spot && passed(drag.spot) ? 'no' : '';
}
document.addEventListener('pointermove', e => {
  if (!drag || e.pointerId !== drag.id) return;
  if (!drag.begun) {
    const far = Math.hypot(e.clientX - drag.x, e.clientY - drag.y);
    if (drag.touch) { if (far > 8) end(); return; }
    if (far <= 4) return;
    begin();
  }
  if (!drag.why) follow(e.clientX, e.clientY);
});
function end() {
  const { el, copy, clock, begun, why } = drag;
  clearTimeout(clock);
  resting = clearTimeout(resting);
  drag = null;
  copy?.remove();
  delete el.dataset.dragging;
  if (!begun) return;
  if (why) say(`${why}.`);
  calendar().clear();
  setTimeout(() => { delete root.dataset.dragging; }); /* after the click that ends it */
}
document.addEventListener('pointerup', e => {
  if (!drag || e.pointerId !== drag.id) return;
  const { el, spot } = drag;
  const late = spot && passed(spot), same = spot && !spot.slot && el.closest('.wg__col') === spot.col && from(el).row === spot.row;
  end();
  if (late) say(`${late}. It stays where it was.`);
  else if (spot && !same) calendar().place(el, at(spot));
});
document.addEventListener('pointercancel', () => { if (drag) end(); });
document.addEventListener('touchmove', e => { if (drag?.begun) e.preventDefault(); }, { passive: false });
document.addEventListener('contextmenu', e => { if (drag?.touch) e.preventDefault(); });
document.addEventListener('keydown', e => {
  if (!drag?.begun || e.key !== 'Escape') return;
  e.stopImmediatePropagation();
  end();
  say('Put back.');
}, true);
})();
