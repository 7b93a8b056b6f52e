/* The console of the API's pages. The key is read from its field when something is sent, kept in no storage,
   and the browser's cookies are left out: what is seen is what a program with that key would see. */
(() => {
'use strict';
const LIMIT = 200000;

const lines = text => new URLSearchParams(text.split('\n').filter(Boolean).map(line => {
  const at = line.indexOf('=');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}));

const read = (form, key) => {
  const headers = {}, query = new URLSearchParams();
  let path = form.dataset.path;
  if (key) headers.Authorization = `Bearer ${key}`;
  for (const field of form.querySelectorAll('[data-in]')) {
    const value = field.value.trim();
    if (!value) continue;
    if (field.dataset.in === 'path') path = path.replace(`{${field.name}}`, encodeURIComponent(value));
    else if (field.dataset.in === 'query') query.append(field.name, value);
    else headers[field.name] = value;
  }
  const body = form.querySelector('[data-body]')?.value;
  const asked = { method: form.dataset.method, headers, credentials: 'omit', redirect: 'manual' };
  if (body?.trim()) {
    const plain = form.dataset.kind.endsWith('json');
    if (plain) headers['Content-Type'] = form.dataset.kind;
    asked.body = plain ? body : lines(body);
  }
  const file = form.querySelector('[data-file]')?.files[0];
  if (file) {
    headers['Content-Type'] = file.type || form.dataset.kind;
    asked.body = file;
  }
  return [path + (query.size ? `?${query}` : ''), asked];
};

const shown = text => {
  try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* no JSON: as it came */ }
  return text.length > LIMIT ? `${text.slice(0, LIMIT)}\n… and ${text.length - LIMIT} characters more` : text;
};

const tell = (form, line, text) => {
  const place = form.querySelector('.try__answer');
  place.hidden = false;
  place.querySelector('[data-status]').textContent = line;
  place.querySelector('code').textContent = text;
  place.querySelector('pre').hidden = !text;
};

const send = async form => {
  const button = form.querySelector('[type=submit]');
  const field = document.getElementById('try-key'), key = field.value.trim();
  if (!key && !button.dataset.keyless) {
    tell(form, 'Paste a key above first.', '');
    field.focus();
    return;
  }
  button.disabled = true;
  button.setAttribute('aria-busy', 'true');
  const start = performance.now();
  try {
    const answer = await fetch(...read(form, key));
    const text = await answer.text();
    tell(form, `${answer.status} ${answer.statusText} in ${Math.round(performance.now() - start)} ms`, shown(text));
  } catch (error) {
    tell(form, `Nothing came back: ${error.message}`, '');
  } finally {
    button.disabled = false;
    button.removeAttribute('aria-busy');
  }
};

for (const place of document.querySelectorAll('[data-try], [data-try-key]')) place.hidden = false;
document.addEventListener('submit', event => {
  if (!event.target.matches('[data-try], [data-try-key]')) return;
  event.preventDefault();
  if (event.target.matches('[data-try]')) send(event.target);
});
// A back button must not bring the key back.
addEventListener('pagehide', () => { const field = document.getElementById('try-key'); if (field) field.value = ''; });
})();
