/* The brand's clock in the head of a page runs on; somebody in another zone reads their own beside it. */
(() => {
'use strict';
const mine = () => { try { return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'; } catch { return 'UTC'; } };
/* "2026-05-13T09:41" on the wall clock of a zone */
const wall = (moment, timeZone) => new Intl.DateTimeFormat('sv-SE', {
  year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', timeZone,
}).format(moment).replace(' ', 'T');
Carillon.mount('[data-zone-of]', pill => {
  const time = pill.querySelector('time'), yours = pill.querySelector('[data-yours]');
  const zone = mine(), ahead = Date.parse(time.dateTime) - Date.now(); /* the server's clock counts */
  const tick = () => {
    const moment = Date.now() + ahead, now = wall(moment, pill.dataset.zoneOf), own = wall(moment, zone);
    time.textContent = now.slice(11);
    yours.hidden = own === now;
    yours.textContent = `you ${own.slice(11)} ${zone.split('/').pop().replaceAll('_', ' ')}`;
    pill.dispatchEvent(new CustomEvent('carillon:minute', { bubbles: true, detail: now }));
  };
  const clock = setInterval(() => { if (pill.isConnected) tick(); else clearInterval(clock); }, 10000);
  tick();
});
})();
