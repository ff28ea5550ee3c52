/* dumb-pypi: search, copy buttons and addresses. Every page works without this script, only less conveniently. */
'use strict';

(() => {
  const root = new URL('..', document.currentScript.src); // of the site, wherever this page lies
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // ---------------------------------------------------------------- this very address, in commands and settings

  // A path may hold what a shell would read; a percent sign and two digits mean the same to every client.
  const escaped = (url) => url.replace(/[^\w.:/%@+,=~[\]-]/g, (char) => '%' + char.charCodeAt(0).toString(16));
  const simple = escaped(new URL('simple/', root).href);
  for (const each of all('.address')) each.textContent = simple;

  // pip reads an index over plain http only when it is told to, but for one on the same machine.
  if (root.protocol === 'http:' && !/^(localhost|127\..*|\[::1\])$/.test(root.hostname)) {
    const forms = { setting: '\ntrusted-host = ', requirement: '\n--trusted-host ', command: ' --trusted-host ' };
    for (const each of all('.trust')) each.textContent = forms[each.dataset.form] + root.host;
  }

  // ---------------------------------------------------------------- copy buttons

  const said = document.createElement('p'); // tells who cannot see the button change
  said.className = 'unseen';
  said.setAttribute('role', 'status');
  document.getElementById('main').append(said);

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // no clipboard here, as over plain http
      const area = document.createElement('textarea');
      area.className = 'unseen';
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand('copy');
      area.remove();
      if (!done) throw new Error('not copied');
    }
  };

  const addButton = (code, place, label) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy';
    button.textContent = 'Copy';
    button.setAttribute('aria-label', `Copy ${label}`);
    button.addEventListener('click', async () => {
      const word = await copy(code.textContent).then(() => 'Copied', () => 'Not copied');
      button.focus();
      button.textContent = word;
      said.textContent = `${word}: ${label}`;
      setTimeout(() => { button.textContent = 'Copy'; said.textContent = ''; }, 2000);
    });
    place.append(button);
  };

  for (const snippet of all('.snippet')) {
    addButton(snippet.querySelector('code'), snippet, snippet.querySelector('h3').textContent);
  }

  // Buttons for the hashes of a release, once somebody looks at it: there may be thousands.
  const addHashButtons = (release) => {
    if (!release.open || release.dataset.ready) return;
    release.dataset.ready = 'yes';
    for (const row of all('tbody tr', release)) {
      const code = row.querySelector('code');
      if (code) addButton(code, code.parentNode, `the hash of ${row.querySelector('a').textContent}`);
    }
  };
  for (const release of all('.release')) {
    release.addEventListener('toggle', () => addHashButtons(release));
    addHashButtons(release);
  }

  // A link to a release that is folded opens it.
  const unfold = () => {
    const target = document.getElementById(location.hash.slice(1));
    const release = target && target.closest('details');
    if (release && !release.open) {
      release.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener('hashchange', unfold);
  unfold();

  // ---------------------------------------------------------------- search

  const box = document.querySelector('.search');
  const form = box.querySelector('form');
  const input = box.querySelector('input');
  const found = box.querySelector('.found');
  const count = box.querySelector('.count');
  const list = box.querySelector('.results');
  const more = box.querySelector('.more');
  const listing = box.querySelector('.all');
  const SHOWN = 40;
  const SLICE = 8; // milliseconds of matching between two looks at the keyboard

  // Fetched to be asked for anew each time (and answered "not modified"); from disk, only a script can be loaded.
  const fetchNames = async () => {
    const url = new URL('static/names.js', root);
    if (root.protocol === 'file:') {
      await new Promise((resolve, reject) => {
        const script = document.createElement('script');
        script.src = url.href;
        script.onload = resolve;
        script.onerror = reject;
        document.head.append(script);
      });
      return window.projectNames.split(' ');
    }
    const response = await fetch(url, { cache: 'no-cache' });
    if (!response.ok) throw new Error(response.statusText);
    return (await response.text()).split("'")[1].split(' ');
  };
  let names = null;
  const loadNames = () => {
    if (names === null) {
      count.textContent = 'Loading…';
      names = fetchNames().catch((error) => { names = null; throw error; });
    }
    return names;
  };

  const words = (query) => query.toLowerCase().split(/\s+/)
    .map((word) => word.replace(/[-_.]+/g, '-').replace(/^-|-$/g, '')).filter(Boolean);

  // 0 the name itself, 1 begins with the query, 2 has its words whole, 3 has words that begin so, 4 has it anywhere.
  const rank = (name, wanted, joined) => {
    if (name.startsWith(joined)) return name === joined ? 0 : 1;
    let worst = 2;
    for (const word of wanted) {
      if (!name.includes(word)) return -1;
      if (worst < 3 && !`-${name}-`.includes(`-${word}-`)) worst = 3;
      if (worst < 4 && !`-${name}`.includes(`-${word}`)) worst = 4;
    }
    return worst;
  };

  // How many letters must be typed, left out, replaced or swapped to make one of the other; more than `most` is enough.
  let [before, last, row] = [0, 1, 2].map(() => new Uint8Array(260));
  const distance = (one, other, most) => {
    for (let j = 0; j <= other.length; j++) last[j] = j;
    for (let i = 1; i <= one.length; i++) {
      let least = row[0] = i;
      for (let j = 1; j <= other.length; j++) {
        let steps = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (one[i - 1] !== other[j - 1]));
        if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) {
          steps = Math.min(steps, before[j - 2] + 1);
        }
        row[j] = steps;
        least = Math.min(least, steps);
      }
      if (least > most) return least;
      [before, last, row] = [last, row, before];
    }
    return last[other.length];
  };

  let turn = 0; // of the newest search: an older one gives up when it sees that it is not its turn any more

  // The names that `judge` gives a rank, best first, the shorter of equals first; null when it is too late.
  const best = async (everything, judge, mine) => {
    const places = [];
    let until = performance.now() + SLICE;
    for (let i = 0; i < everything.length; i++) {
      if (i % 512 === 0 && performance.now() > until) {
        await new Promise((resolve) => setTimeout(resolve));
        if (mine !== turn) return null;
        until = performance.now() + SLICE;
      }
      const name = everything[i];
      const place = judge(name);
      if (place >= 0) (places[place * 256 + name.length] ??= []).push(name);
    }
    return places.flat();
  };

  const show = (matches, shown, text) => {
    count.textContent = text;
    list.replaceChildren(...matches.slice(0, shown).map((name) => {
      const item = document.createElement('li');
      const link = document.createElement('a');
      link.href = new URL(`project/${name}/index.html`, root).href;
      link.textContent = name;
      item.append(link);
      return item;
    }));
    more.hidden = matches.length <= shown;
    listing.hidden = matches.length > 0;
    found.hidden = text === '';
    found.setAttribute('aria-busy', 'false');
  };

  const search = async (shown = SHOWN) => {
    const mine = ++turn;
    const query = input.value.trim();
    const wanted = words(query);
    const here = new URL(location.href);
    if (query) here.searchParams.set('q', query); else here.searchParams.delete('q');
    try {
      if (here.href !== location.href) history.replaceState(history.state, '', here);
    } catch { /* refused from disk, and to who types very fast: the address then stays behind */ }
    if (wanted.length === 0) return show([], 0, '');
    let everything;
    found.setAttribute('aria-busy', 'true');
    try {
      found.hidden = false;
      everything = await loadNames();
    } catch {
      return show([], 0, 'The names of the projects cannot be loaded.');
    }
    if (mine !== turn) return;
    const joined = wanted.join('-');
    const matches = await best(everything, (name) => rank(name, wanted, joined), mine);
    if (matches === null) return;
    if (matches.length) {
      const number = matches.length.toLocaleString('en');
      return show(matches, shown, matches.length === 1 ? '1 project' : `${number} projects`);
    }
    const most = joined.length < 5 ? 1 : 2;
    const near = await best(everything, (name) => {
      if (Math.abs(name.length - joined.length) > most) return -1;
      const steps = distance(name, joined, most);
      return steps <= most ? steps : -1;
    }, mine);
    if (near !== null) {
      show(near, 8, `Nothing found for “${query}”.${near.length ? ' Did you mean one of these?' : ' Try a shorter word.'}`);
      more.hidden = true;
      listing.hidden = false;
    }
  };

  let latest = Promise.resolve();
  const start = (shown) => { latest = search(shown); };
  const links = () => all('a', list);

  input.addEventListener('focus', () => {
    found.hidden = !words(input.value).length;
    loadNames().catch(() => {});
  });
  input.addEventListener('input', () => start());
  more.querySelector('button').addEventListener('click', async () => {
    const shown = list.childElementCount;
    start(shown * 5);
    await latest;
    const next = links()[shown];
    if (next) next.focus();
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    await latest;
    const [first] = links();
    if (first) first.click();
  });
  box.addEventListener('keydown', (event) => {
    const places = [input, ...links()];
    const place = places.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing || place < 0) return;
    if (step && places[place + step]) {
      event.preventDefault();
      places[place + step].focus();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      if (place === 0) { input.value = ''; start(); }
      input.focus();
    }
  });
  document.addEventListener('click', (event) => {
    if (!box.contains(event.target) && box.closest('header')) found.hidden = true; // there it lies over the page
  });
  document.addEventListener('keydown', (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
      input.select();
    }
  });

  box.hidden = false;
  found.hidden = true;
  const query = new URL(location.href).searchParams.get('q');
  if (query) { input.value = query; start(); }
})();
