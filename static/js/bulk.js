/* Ticking posts in the calendar's list: arrows go from box to box, Shift ticks all between. */
(() => {
'use strict';
Carillon.mount('[data-bulk]', form => {
  const boxes = () => [...form.querySelectorAll('.bulk__pick input:enabled')];
  const count = form.querySelector('[data-count]');
  const keys = form.querySelector('[data-keys]');
  const number = form.querySelector('[data-number]'); /* a button that says to how many */
  let last = null; /* the box a range begins at */

  function tell() {
    const n = boxes().filter(box => box.checked).length;
    const posts = `${n} post${n === 1 ? '' : 's'}`;
    count.textContent = `${posts} ticked`;
    if (!number) return;
    number.textContent = `${form.dataset.says} ${posts}`;
    number.disabled = !n;
  }
  function range(from, to, checked) {
    const all = boxes(), a = all.indexOf(from), b = all.indexOf(to);
    if (a < 0 || b < 0) return;
    for (const box of all.slice(Math.min(a, b), Math.max(a, b) + 1)) box.checked = checked;
  }

  form.addEventListener('click', e => {
    const box = e.target;
    if (!box.matches?.('.bulk__pick input')) return;
    if (e.shiftKey && last) range(last, box, box.checked);
    last = box;
    tell();
  });
  form.addEventListener('keydown', e => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key], all = boxes(), at = all.indexOf(e.target);
    if (at < 0) return;
    if (e.key === 'Escape') { form.reset(); return; }
    if (!step) return;
    e.preventDefault();
    const next = all[at + step];
    if (!next) return;
    if (e.shiftKey) {
      e.target.checked = next.checked = true;
      last = next;
      tell();
    }
    next.focus();
  });
  form.addEventListener('reset', () => { last = null; setTimeout(tell); });
  if (keys) keys.hidden = false;
  tell();
});
})();
