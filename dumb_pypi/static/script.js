/* dumb-pypi: search, copy buttons, addresses and requirements. Every page works without this script, only less conveniently. */
'use strict';

(() => {
  const root = new URL('..', document.currentScript.src); // of the site, wherever this page lies
  // Nothing in a description is taken for a part of our page.
  const all = (selector, within = document) => [...within.querySelectorAll(`:is(${selector}):not(.description *)`)];

  // ---------------------------------------------------------------- this very address, in commands and settings

  // A path may hold what a shell would read; a percent sign and two digits mean the same to every client.
  const percent = (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  const escaped = (url) => url.replace(/[^\w.:/%@+,=~[\]-]/g, percent);
  const simple = escaped(new URL('simple/', root).href);
  for (const each of all('.address')) each.textContent = simple;

  // pip uses an index over plain http only with --trusted-host, unless it is on the same machine.
  if (root.protocol === 'http:' && !/^(localhost|127\..*|\[::1\])$/.test(root.hostname)) {
    const forms = { setting: '\ntrusted-host = ', requirement: '\n--trusted-host ', command: ' --trusted-host ' };
    for (const each of all('.trust')) each.textContent = forms[each.dataset.form] + root.host;
  }

  // ---------------------------------------------------------------- copy buttons

  const said = document.createElement('p'); // for people who cannot see the button change
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
    const words = seconds < 60 ? 'just now' : ago.format(-Math.floor(seconds / size), unit);
    each.textContent = `${words} (${each.dateTime.slice(0, 10)})`;
  }

  // ---------------------------------------------------------------- whether a release is the latest one

  const parse = (text) => new DOMParser().parseFromString(text, 'text/html');
  const newest = document.querySelector('.newest');
  if (newest && root.protocol !== 'file:') {
    const version = document.querySelector('h1 small').textContent;
    fetch('../index.html').then((response) => response.text()).then((text) => {
      const latest = parse(text).querySelector('h1 small');
      if (!latest) return;
      const words = latest.textContent === version ? 'this is the latest' : `the latest is ${latest.textContent}`;
      newest.textContent = `All versions (${words})`;
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

  // Return the variable that a script sets. A fetch asks the server again each time (which answers "not modified") and
  // shows the progress; from file://, only a script element can load it.
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

  // All projects: their names; version, state and summary when the details are loaded.
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
  const EXACT = /^[^<>=!~;@(]+={2,3}\s*([\w.+!-]+)\s*(?:;.*)?$/; // a requirement of one version
  const COMMAND = /^(?:(?:uv\s+)?pip3?\s+install|uv\s+add)\s+|["']/gi; // copied with a name
  const VERSIONED = /^(.*\S)\s+v?(\d[\w.+!-]*)$/; // `flask 2.3.3`

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

  const judgeBy = (wanted) => {
    const joined = wanted.join('-');
    const squeezed = wanted.join('').replaceAll('-', '');
    return (project) => rank(project, wanted, joined, squeezed);
  };

  // The number of letters to add, leave out, replace or swap to make one word of the other; stops above `most`.
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

  // The number of mistakes if this name is meant: as a whole, else word by word; -1 if it differs too much.
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

  let turn = 0; // the number of the newest search; an older one stops when it sees a newer number

  // The projects that `judge` gives a rank, best first, the shorter of equals first; null if a newer search has begun.
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
  const canBeDirectory = (version) => /^(?!(index|files)\.html$)[a-z\d][\w.+!~-]*$/i.test(version);
  // The page of a release that is known to exist; of any other, where it is in the list of versions if it exists.
  const releaseUrl = (name, version, isKnown) => {
    const quoted = escaped(encodeURIComponent(version));
    const hasPage = isKnown && 'releases' in box.dataset && canBeDirectory(version);
    return new URL(`project/${name}/${hasPage ? `${quoted}/index.html` : `index.html#v${quoted}`}`, root).href;
  };
  const projectUrl = (name) => new URL(`project/${name}/index.html`, root).href;
  // `asked` is a version that the query names.
  const result = ({ name, version, state, summary }, asked) => {
    const item = document.createElement('li');
    const link = document.createElement('a');
    link.href = asked ? releaseUrl(name, asked, asked === version) : projectUrl(name);
    link.append(part('b', 'name', name));
    if (asked && asked === version) link.append(` ==${asked}`);
    if (state) link.append(' ', part('span', `mark ${state}`, state));
    if (summary) {
      const said = part('span', 'summary', summary);
      said.dir = 'auto';
      link.append(' ', said);
    }
    item.append(link);
    if (version) {
      const release = part('a', 'version', version);
      release.href = releaseUrl(name, version, true);
      release.setAttribute('aria-label', `${name} ${version}`);
      item.append(' ', release);
    }
    return item;
  };

  const show = (matches, shown, text, asked) => {
    count.textContent = text;
    const nameOf = (item) => item?.querySelector('b').textContent;
    const focused = nameOf(document.activeElement.closest('.results li'));
    list.replaceChildren(...matches.slice(0, shown).map((each, place) => result(each, place === 0 && asked)));
    // Keep the focus when details arrive while somebody moves through the results.
    if (focused) (links().find((link) => nameOf(link) === focused) ?? input).focus();
    more.hidden = matches.length <= shown;
    listing.hidden = matches.length > 0;
    found.hidden = text === '';
    found.setAttribute('aria-busy', 'false');
  };

  // The URL of a release, from the page of its project: '' if that has no such release, null if it cannot be read.
  const pages = new Map();
  const findRelease = async (name, version) => {
    if (root.protocol === 'file:') return null;
    const url = projectUrl(name);
    if (!pages.has(name)) {
      const answer = fetch(url, { signal: AbortSignal.timeout(3_000) });
      pages.set(name, answer.then(async (response) => response.ok && parse(await response.text())).catch(() => null));
    }
    const page = await pages.get(name);
    if (!page) return null;
    const anchor = `v${escaped(encodeURIComponent(version))}`;
    const item = all('.versions > li', page).find((each) => each.id === anchor);
    return item ? new URL(item.querySelector(':scope > a')?.getAttribute('href') ?? `#${anchor}`, url).href : '';
  };
  // The first result leads to the release that the query names, or to the project if it has no such release.
  const addRelease = async (name, version, mine) => {
    const url = await findRelease(name, version);
    if (url === null || mine !== turn) return;
    const [link] = links();
    link.href = url || projectUrl(name);
    if (url) link.firstChild.after(` ==${version}`);
  };

  const search = async (shown = SHOWN) => {
    const mine = ++turn;
    const query = input.value.trim();
    let requirement = query.replace(COMMAND, '');
    let wanted = words(requirement);
    let judge = judgeBy(wanted);
    if (!isInHeader) {
      const here = new URL(location.href);
      if (query) here.searchParams.set('q', query); else here.searchParams.delete('q');
      try {
        if (here.href !== location.href) history.replaceState(history.state, '', here);
      } catch { /* refused from file://, and after many changes in a short time: the address then stays behind */ }
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
    let matches = await best(everything, judge, mine);
    const [, name, version] = matches?.length === 0 && requirement.match(VERSIONED) || [];
    if (version) {
      requirement = `${name}==${version}`;
      wanted = words(requirement);
      judge = judgeBy(wanted);
      matches = await best(everything, judge, mine);
    }
    if (matches === null) return;
    if (matches.length) {
      const number = matches.length.toLocaleString('en');
      const [first] = matches;
      const [, asked] = judge(first) === 0 && requirement.match(EXACT) || [];
      show(matches, shown, matches.length === 1 ? '1 project' : `${number} projects`, asked);
      if (asked && asked !== first.version) await addRelease(first.name, asked, mine);
      return;
    }
    const near = await best(everything, (project) => mistakes(project.name, wanted, wanted.join('-')), mine);
    if (near !== null) {
      show(near, 8, `No results for “${query}”.${near.length ? ' Did you mean:' : ' Try a shorter word.'}`);
      more.hidden = true;
      listing.hidden = false;
    }
  };

  let latest = Promise.resolve();
  const start = (shown) => { latest = search(shown); };
  const links = () => all('li > :first-child', list); // to projects

  input.addEventListener('focus', () => {
    found.hidden = !words(input.value.trim().replace(COMMAND, '')).length;
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
    const item = document.activeElement.closest('.results li');
    const place = places.indexOf(item ? item.firstChild : document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing || place < 0) return;
    if (place > 0 && event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey && !event.altKey) {
      input.focus(); // a letter typed on a result goes to the search field
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
    addEventListener('hashchange', () => { found.hidden = true; });
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
  const required = all('.requires a');
  const showRequirements = (everything) => {
    const known = new Map(everything.map((project) => [project.name, project]));
    for (const link of required) {
      const item = link.closest('li');
      if (!item) continue; // the name is no link any more
      const project = known.get(link.pathname.split('/').at(-2));
      item.querySelector('.here')?.remove();
      if (!project) {
        item.append(' ', part('span', 'here missing', item.parentNode.dataset.missing));
        link.replaceWith(link.textContent);
      } else if (project.version) item.append(' ', part('span', 'here', `${project.version} here`));
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
  // Each number is the distance from the one before it, in base 32; after a digit of the second half, more digits follow.
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
    const [subject, some] = users.length === 1
      ? ['The latest release of 1 project here requires', '']
      : [`The latest releases of ${users.length.toLocaleString('en')} projects here require`, 'some of them '];
    return `${subject} it, ${some}perhaps only for certain Pythons, platforms or extras.`;
  };
  for (const each of all('.users, .sections .later')) each.hidden = false;
  for (const fold of all('.users')) {
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
