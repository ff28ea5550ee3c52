/* dumb-pypi: search, copy buttons, addresses and requirements. Every page works without this script, only less conveniently. */
'use strict';

(() => {
  const root = new URL('..', document.currentScript.src); // of the site, wherever this page lies
  // A description is a guest: nothing in it is taken for ours.
  const all = (selector, within = document) => [...within.querySelectorAll(`:is(${selector}):not(.description *)`)];

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

  const addButton = (code, place, label, spelled = (text) => text) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy';
    button.textContent = 'Copy';
    button.setAttribute('aria-label', `Copy ${label}`);
    button.addEventListener('click', async () => {
      const word = await copy(spelled(code.textContent)).then(() => 'Copied', () => 'Not copied');
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

  for (const panel of all('.tabs > div')) addButton(panel.querySelector('code'), panel, panel.dataset.copy);
  for (const pin of all('.pin code')) addButton(pin, pin.parentNode, pin.textContent);
  for (const row of all('.files tbody tr')) {
    const code = row.querySelector('.hash code');
    // pip and its requirements files write a colon.
    const colon = (text) => text.replace('=', ':');
    if (code) addButton(code, code.parentNode, `the hash of ${row.querySelector('a').textContent}`, colon);
  }

  // A link to a version that is folded opens its fold.
  const unfold = () => {
    const target = document.getElementById(location.hash.slice(1));
    const folded = target && target.closest('details');
    if (folded && !folded.open) {
      folded.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener('hashchange', unfold);
  unfold();

  // ---------------------------------------------------------------- how long ago

  const DAY = 24 * 60 * 60;
  const UNITS = [[365.25 * DAY, 'year'], [365.25 / 12 * DAY, 'month'], [DAY, 'day'], [3600, 'hour'], [60, 'minute']];
  const ago = new Intl.RelativeTimeFormat('en');
  for (const each of all('.releases time, .uploads time, .when time')) {
    const seconds = (Date.now() - new Date(each.dateTime)) / 1000;
    const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? UNITS.at(-1);
    if (seconds < 0) continue;
    each.title = `${each.textContent} UTC`;
    each.textContent = `${ago.format(-Math.floor(seconds / size), unit)} (${each.dateTime.slice(0, 10)})`;
  }

  // ---------------------------------------------------------------- whether a release is the latest one

  const newest = document.querySelector('.newest');
  if (newest && root.protocol !== 'file:') {
    const [name, version] = all('h1 a, h1 small').map((each) => each.textContent);
    fetch('../index.html').then((response) => response.text()).then((text) => {
      const latest = new DOMParser().parseFromString(text, 'text/html').querySelector('h1 small');
      if (latest && latest.textContent === version) newest.textContent = `The latest version of ${name}`;
      else if (latest) newest.textContent = `The latest version is ${latest.textContent}`;
    }).catch(() => {});
  }

  // ---------------------------------------------------------------- search

  const box = document.querySelector('.search');
  const form = box.querySelector('form');
  const input = box.querySelector('input');
  const found = box.querySelector('.found');
  const count = box.querySelector('.count');
  const list = box.querySelector('.results');
  const more = box.querySelector('.more');
  const listing = box.querySelector('.all');
  const isInHeader = box.closest('header') !== null; // where it lies over the page
  const SHOWN = 40;
  const SLICE = 8; // milliseconds of matching between two looks at the keyboard

  const kilobytes = (bytes) => `${Math.round(bytes / 1000).toLocaleString('en')} kB`;

  // A variable in a script. Fetched to be asked for anew each time (and answered "not modified"), and to say how far it
  // is; from disk, only a script can be loaded.
  const load = async (path, variable, progress = () => {}, cache = 'no-cache') => {
    const url = new URL(path, root);
    if (root.protocol === 'file:') {
      await new Promise((resolve, reject) => {
        const script = document.createElement('script');
        script.src = url.href;
        script.onload = resolve;
        script.onerror = reject;
        document.head.append(script);
      });
      return window[variable];
    }
    const response = await fetch(url, { cache });
    if (!response.ok) throw new Error(response.statusText);
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    let [text, bytes] = ['', 0];
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      bytes += part.value.length;
      text += decoder.decode(part.value, { stream: true });
      progress(bytes);
    }
    return JSON.parse(text.slice(text.indexOf(' = ') + 3, text.lastIndexOf(';')));
  };

  // All projects: their names, without what divides words, and what else is known of them, once it has come.
  let projects = null;
  const loadProjects = () => {
    if (projects === null) {
      count.textContent = 'Loading…';
      const progress = (bytes) => { if (mayTell) count.textContent = `Loading… ${kilobytes(bytes)}`; };
      let mayTell = true;
      projects = load('static/names.js', 'projectNames', progress).then(([, names]) => {
        mayTell = false;
        return names.split(' ').filter(Boolean).map((name) => ({ name }));
      }).catch((error) => { projects = null; throw error; });
    }
    return projects;
  };
  let details = null;
  const loadDetails = () => (details ??= addDetails());
  const addDetails = async () => {
    try {
      const everything = await projects;
      const loaded = await load('static/details.js', 'projectDetails');
      if (loaded === null) return; // they are too many
      const known = new Map(loaded.map((each) => [each[0], each]));
      for (const project of everything) {
        // A project that is new, or gone, is in one of the two files only.
        const [, version, state, summary] = known.get(project.name) ?? [];
        Object.assign(project, { version, state, summary, text: summary ? ` ${plain(summary)}` : '' });
      }
      if (input.value.trim() && !found.hidden) start(Math.max(SHOWN, list.childElementCount));
      showRequirements(everything);
    } catch { details = null; /* names are enough */ }
  };

  const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ');
  // What follows a name in a requirement is no part of it: `==306`, `>=2`, `[extra]`, `; marker`, ` @ url`.
  const words = (query) => query.toLowerCase().replace(/\s*([<>=!~;@[(].*)$/, '').split(/\s+/)
    .map((word) => word.replace(/[-_.]+/g, '-').replace(/^-|-$/g, '')).filter(Boolean);

  // 0 the name itself, 1 begins with the query, 2 has its words whole, 3 has words that begin so, 4 has it anywhere,
  // 5 has it when what divides words is left out, 6 has its words in the summary, or here and there.
  const rank = (project, wanted, joined, squeezed) => {
    const { name, text } = project;
    if (name.startsWith(joined)) return name === joined ? 0 : 1;
    let worst = 2;
    for (const word of wanted) {
      if (!name.includes(word)) { worst = 9; break; }
      if (worst < 3 && !`-${name}-`.includes(`-${word}-`)) worst = 3;
      if (worst < 4 && !`-${name}`.includes(`-${word}`)) worst = 4;
    }
    if (worst < 9) return worst;
    if (squeezed.length > 2) {
      const bare = (project.bare ??= name.replaceAll('-', ''));
      if (bare === squeezed) return 0;
      if (bare.startsWith(squeezed)) return 1;
      if (bare.includes(squeezed)) return 5;
    }
    return text && wanted.every((word) => name.includes(word) || text.includes(` ${word.replaceAll('-', ' ')}`)) ? 6 : -1;
  };

  // How many letters must be typed, left out, replaced or swapped to make one of the other; more than `most` is enough.
  let [before, last, row] = [0, 1, 2].map(() => new Uint8Array(260));
  const distance = (one, other, most) => {
    if (Math.abs(one.length - other.length) > most) return most + 1;
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
  const tolerated = (word) => (word.length < 5 ? 1 : 2);

  // Of a name that is meant, perhaps: as a whole, else word by word; -1 when too much differs.
  const mistakes = (name, wanted, joined) => {
    const whole = distance(name, joined, tolerated(joined));
    if (whole <= tolerated(joined)) return whole;
    let sum = 0;
    const parts = name.split('-');
    for (const word of wanted) {
      const most = word.length < 3 ? 0 : tolerated(word);
      const steps = Math.min(...parts.map((part) => distance(part, word, most)));
      if (steps > most) return -1;
      sum += steps;
    }
    return 3 + sum;
  };

  let turn = 0; // of the newest search: an older one gives up when it sees that it is not its turn any more

  // The projects that `judge` gives a rank, best first, the shorter of equals first; null when it is too late.
  const best = async (everything, judge, mine) => {
    const places = [];
    let until = performance.now() + SLICE;
    for (let i = 0; i < everything.length; i++) {
      if (i % 512 === 0 && performance.now() > until) {
        await new Promise((resolve) => setTimeout(resolve));
        if (mine !== turn) return null;
        until = performance.now() + SLICE;
      }
      const project = everything[i];
      const place = judge(project);
      if (place >= 0) (places[place * 256 + project.name.length] ??= []).push(project);
    }
    return places.flat();
  };

  const part = (tag, className, text) => {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text;
    return element;
  };
  const result = ({ name, version, state, summary }) => {
    const item = document.createElement('li');
    const link = document.createElement('a');
    link.href = new URL(`project/${name}/index.html`, root).href;
    link.append(part('b', 'name', name));
    if (version) link.append(' ', part('span', 'version', version));
    if (state) link.append(' ', part('span', `mark ${state}`, state));
    if (summary) {
      const said = part('span', 'summary', summary);
      said.dir = 'auto';
      link.append(' ', said);
    }
    item.append(link);
    return item;
  };

  const show = (matches, shown, text) => {
    count.textContent = text;
    const focused = list.contains(document.activeElement) ? document.activeElement.href : null;
    list.replaceChildren(...matches.slice(0, shown).map(result));
    // Details that arrive while somebody walks through the results leave the focus where it is.
    if (focused) (links().find((link) => link.href === focused) ?? input).focus();
    more.hidden = matches.length <= shown;
    listing.hidden = matches.length > 0;
    found.hidden = text === '';
    found.setAttribute('aria-busy', 'false');
  };

  const search = async (shown = SHOWN) => {
    const mine = ++turn;
    const query = input.value.trim();
    const wanted = words(query);
    if (!isInHeader) {
      const here = new URL(location.href);
      if (query) here.searchParams.set('q', query); else here.searchParams.delete('q');
      try {
        if (here.href !== location.href) history.replaceState(history.state, '', here);
      } catch { /* refused from disk, and to who types very fast: the address then stays behind */ }
    }
    if (wanted.length === 0) return show([], 0, '');
    let everything;
    found.setAttribute('aria-busy', 'true');
    try {
      found.hidden = false;
      everything = await loadProjects();
    } catch {
      return show([], 0, 'Could not load the project list.');
    }
    loadDetails();
    if (mine !== turn) return;
    const joined = wanted.join('-');
    const squeezed = wanted.join('').replaceAll('-', '');
    const matches = await best(everything, (project) => rank(project, wanted, joined, squeezed), mine);
    if (matches === null) return;
    if (matches.length) {
      const number = matches.length.toLocaleString('en');
      return show(matches, shown, matches.length === 1 ? '1 project' : `${number} projects`);
    }
    const near = await best(everything, (project) => mistakes(project.name, wanted, joined), mine);
    if (near !== null) {
      show(near, 8, `No results for “${query}”.${near.length ? ' Did you mean:' : ' Try a shorter word.'}`);
      more.hidden = true;
      listing.hidden = false;
    }
  };

  let latest = Promise.resolve();
  const start = (shown) => { latest = search(shown); };
  const links = () => all('a', list);

  input.addEventListener('focus', () => {
    found.hidden = !words(input.value).length;
    loadProjects().then(loadDetails, () => {});
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
    if (place > 0 && event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey && !event.altKey) {
      input.focus(); // the letter goes to the field, where it was meant to go
      return;
    }
    if (step && places[place + step]) {
      event.preventDefault();
      places[place + step].focus();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      if (place === 0) { input.value = ''; start(); }
      input.focus();
    }
  });
  if (isInHeader) {
    document.addEventListener('click', (event) => { if (!box.contains(event.target)) found.hidden = true; });
    box.addEventListener('focusout', (event) => {
      if (event.relatedTarget && !box.contains(event.relatedTarget)) found.hidden = true;
    });
    addEventListener('pageshow', (event) => { if (event.persisted) found.hidden = true; });
  }
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
  const query = isInHeader ? null : new URL(location.href).searchParams.get('q');
  if (query) {
    input.value = query;
    start();
  }

  // ---------------------------------------------------------------- what this index has of what is required

  const FEW = 5_000; // projects, whose details are small enough to load without being asked for
  const requirements = all('.requires li').filter((item) => item.querySelector('a'));
  const showRequirements = (everything) => {
    const known = new Map(everything.map((project) => [project.name, project]));
    for (const item of requirements) {
      const project = known.get(item.querySelector('a').pathname.split('/').at(-2));
      item.querySelector('.here')?.remove();
      if (!project) item.append(' ', part('span', 'here missing', item.parentNode.dataset.missing));
      else if (project.version) item.append(' ', part('span', 'here', `${project.version} here`));
    }
  };
  const look = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    look.disconnect();
    loadProjects().then((everything) => {
      showRequirements(everything);
      if (everything.length <= FEW) loadDetails();
    }).catch(() => {});
  });
  for (const each of all('.requires')) look.observe(each);

  // Names by number, and which of them require which; null when they are too many, undefined when one of the two files
  // is older than the other.
  const loadUses = async (cache) => {
    const [[digest, names], uses] = await Promise.all([
      load('static/names.js', 'projectNames', undefined, cache),
      load('static/requires.js', 'projectRequires', undefined, cache),
    ]);
    return uses && (uses[0] === digest ? [names.split(' '), uses.slice(1)] : undefined);
  };
  // Each number is the distance from the one before it, in base 32; a digit from the second half is not the last.
  const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_';
  const numbersOf = (text) => {
    const numbers = [];
    let number = 0;
    for (const char of text) {
      const digit = DIGITS.indexOf(char);
      number = number * 32 + digit % 32;
      if (digit < 32) { numbers.push(number); number = 0; }
    }
    return numbers;
  };
  const usersOf = (name, [names, uses]) => {
    const wanted = names.indexOf(name);
    let number = 0;
    const [, ...steps] = uses.map(numbersOf).find(([step]) => (number += step) === wanted) ?? [];
    number = 0;
    return steps.map((step) => names[number += step]);
  };
  const SHOWN_USERS = 100;
  const addUsers = (fold, users) => {
    const names = document.createElement('ul');
    const add = (some) => names.append(...some.map((name) => result({ name })));
    add(users.slice(0, SHOWN_USERS));
    fold.append(names);
    if (users.length > SHOWN_USERS) {
      const button = part('button', '', `Show all ${users.length.toLocaleString('en')}`);
      button.type = 'button';
      button.addEventListener('click', () => {
        const before = names.childElementCount;
        add(users.slice(before));
        button.remove();
        names.children[before].firstChild.focus();
      });
      fold.append(button);
    }
  };
  const fillUsers = async (fold) => {
    let uses = await loadUses();
    if (uses === undefined) uses = await loadUses('reload');
    if (uses === null) return 'This index has too many projects to load this list.';
    if (uses === undefined) throw new Error('these files are of different runs');
    const users = usersOf(fold.dataset.project, uses);
    addUsers(fold, users);
    if (users.length === 0) return 'No project here requires it.';
    const verb = users.length === 1 ? '1 project here requires' : `${users.length.toLocaleString('en')} projects here require`;
    return `${verb} it in the latest release, for some Python, platform or extra.`;
  };
  for (const fold of all('.users')) {
    fold.hidden = false;
    fold.addEventListener('toggle', async () => {
      if (!fold.open || fold.dataset.ready) return;
      fold.dataset.ready = 'yes';
      const status = fold.querySelector('p');
      try {
        status.textContent = await fillUsers(fold);
      } catch {
        status.textContent = 'Could not load this list. Try again in a minute.';
        delete fold.dataset.ready;
      }
    });
  }

  // ---------------------------------------------------------------- what a wrong address may have meant

  const suggestion = document.querySelector('.suggestion');
  if (suggestion) {
    const [asked] = location.pathname.match(/(?<=\/(?:simple|project|pypi)\/)[^/]+/) ?? [];
    const wanted = asked ? words(asked.replace(/%[\da-f]{2}/gi, '-')) : [];
    const joined = wanted.join('-');
    const judge = (project) => mistakes(project.name, wanted, joined);
    if (wanted.length) {
      loadProjects().then((everything) => {
        if (!everything.some(({ name }) => name === joined)) {
          document.querySelector('h1').textContent = `${joined} is not in this index`;
        }
        return best(everything, judge, ++turn);
      }).then((near) => {
        if (!near || !near.length) return;
        const link = suggestion.querySelector('a');
        link.href = new URL(`project/${near[0].name}/index.html`, root).href;
        link.textContent = near[0].name;
        suggestion.hidden = false;
      }).catch(() => {});
    }
  }
})();
