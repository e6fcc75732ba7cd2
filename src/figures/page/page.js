'use strict';
// Draws a run of gladhand-bench from the JSON in #run. Everything of the run goes into text nodes:
// a host's name is never read as HTML.
(() => {
  const run = JSON.parse(document.getElementById('run').textContent);
  const merged = run.merged || [];
  const FEW_HOSTS = 5;
  const FIRST_ROWS = 100;
  const COUNT = 0, FAILURES = 1, WINS6 = 2, WINS4 = 3, OURS = 4, MIN = 5, MEDIAN = 6, P90 = 7,
    P99 = 8, MAX = 9;

  // --- elements and words ----------------------------------------------------------------

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {}))
      if (name === 'click' || name === 'input' || name === 'change' || name === 'toggle') element.addEventListener(name, value);
      else if (value !== undefined) element.setAttribute(name, value);
    for (const child of [children].flat(9))
      if (child !== undefined && child !== null) element.append(child);
    return element;
  }
  const el = (name, attributes, ...children) =>
    fill(document.createElement(name), attributes, children);
  const svg = (name, attributes, ...children) =>
    fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);

  const count = (number) => number.toLocaleString('en');
  const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
  const list = (items) => items.length < 2 ? items.join('')
    : `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;

  // Three digits: 48 us, 1.23 ms, 251 ms, 1.02 s.
  function parts(us) {
    const size = Math.abs(us);
    const sign = us < 0 ? '\u2212' : '';
    if (size < 999.5) return [sign + Math.round(size), '\u00b5s'];
    const [value, unit] = size < 999500 ? [size / 1e3, 'ms'] : [size / 1e6, 's'];
    return [sign + value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0), unit];
  }
  const time = (us) => parts(us).join('\u00a0');
  function timeCell(us) {
    const [value, unit] = parts(us);
    return [value, el('span', {class: 'unit'}, '\u00a0' + unit)];
  }
  // Of IPv6 and of IPv4; together they are 100 %.
  function shares(figures) {
    const all = figures[WINS6] + figures[WINS4];
    if (all === 0) return ['\u2013', '\u2013'];
    const ipv6 = Math.round(100 * figures[WINS6] / all);
    return [`${ipv6}\u00a0%`, `${100 - ipv6}\u00a0%`];
  }

  const connected = (mode) => mode.figures.length > MIN;
  const place = (host) => host.host + (host.port === '22' ? '' : `:${host.port}`);
  const label = (mode) => mode.vantage === undefined ? mode.mode : `${mode.mode} from ${mode.vantage}`;
  // A sentence begins with a capital, a mode's name stays as it is. No number is parted from its unit.
  // The marks of a sequence are for a terminal: here every dial is drawn.
  function sentence(text) {
    const plain = text.replace(/; in order [ox^.]+$/, '').replace(/(\d) (us|ms|s|%)(?!\w)/g, '$1\u00a0$2');
    return /^\S*:|^\S+ from /.test(plain) ? plain : plain.charAt(0).toUpperCase() + plain.slice(1);
  }
  const said = (sentences) =>
    el('ul', {class: 'said'}, sentences.map((it) => el('li', {}, sentence(it))));
  const familyClass = (family) => family === 6 ? 'ipv6' : family === 4 ? 'ipv4' : 'other';

  // --- head ------------------------------------------------------------------------------

  // Files have UTC, a screen its reader's own time.
  const when = (text) => new Date(text).toLocaleString('en-GB', {day: 'numeric', month: 'long', year: 'numeric',
    hour: '2-digit', minute: '2-digit', timeZoneName: 'short'});
  const began = Date.parse(run.started);
  const sameDay = new Date(began).toDateString() === new Date(began + run.duration_us / 1e3).toDateString();
  function clock(ms, seconds) {
    const at = new Date(ms);
    const two = (number) => String(number).padStart(2, '0');
    return `${two(at.getHours())}:${two(at.getMinutes())}${seconds ? `:${two(at.getSeconds())}` : ''}`;
  }
  // The times of a sentence.
  const localTimes = (text) => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (it) =>
    sameDay ? clock(Date.parse(it), true) : `${new Date(it).toLocaleDateString('en-GB', {day: 'numeric', month: 'long'})}, ${clock(Date.parse(it), true)}`);

  function head() {
    const names = run.hosts.map(place);
    const title = 'Connecting to ' + (names.length <= 3 ? list(names) : `${count(names.length)} hosts`);
    document.title = title;
    let dials = 0;
    for (const host of run.hosts) for (const mode of host.modes) dials += mode.figures[COUNT];
    const until = run.options.until === 'banner' ? "to the server's first line" : 'to an open connection';
    const where = merged.length ? `from ${list(merged.map((it) => it.vantage))}` : `from ${run.environment.node}`;
    return el('header', {}, el('h1', {}, title),
      el('p', {class: run.well ? 'headline' : 'headline wrong'}, localTimes(run.headline)),
      el('p', {class: 'soft'}, `${plural(dials, 'dial')} ${where}, ${when(run.started)}, ` +
        `each timed ${until}. Measured by gladhand-bench ${run.environment.gladhand}.`));
  }

  // What is said of many hosts alike is said once. What is broken comes first.
  const SHOWN = 3;
  const weight = (text) => /broken|turns this client|every dial failed|nothing connected/.test(text) ? 0
    : /failed|refused|slower than|saturated|busy|limit|was lost/.test(text) ? 1
    : /no difference|as fast as|wins/.test(text) ? 4 : /slow|late|two groups|costs/.test(text) ? 2 : 3;

  function findings() {
    const groups = new Map();
    for (const text of run.verdicts) groups.set(text, {text, hosts: []});
    for (const host of run.hosts)
      for (const text of host.verdicts) {
        const kind = text.replace(/\d[\d.]*/g, '#').replace(/[ox^.]{3,}$/, '');
        if (!groups.has(kind)) groups.set(kind, {text, hosts: []});
        groups.get(kind).hosts.push({host, text});
      }
    const order = [...groups.values()].map((group, i) => [weight(group.text), -group.hosts.length, i, group]);
    order.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
    return order.map((it) => it[3]);
  }

  function finding(group) {
    const {text, hosts} = group;
    if (!hosts.length || run.hosts.length === 1) return el('li', {}, sentence(text));
    const names = hosts.slice(0, 3).map((it) => place(it.host));
    if (hosts.length > 3) names.push(`${count(hosts.length - 3)} more`);
    return el('li', {}, el('strong', {}, list(names)), `: ${hosts.length > 1 ? 'such as ' : ''}`,
      sentence(text).replace(/^[A-Z](?=[a-z])/, (it) => it.toLowerCase()));
  }

  function verdict() {
    const section = el('section', {'aria-labelledby': 'verdict'}, el('h2', {id: 'verdict'}, 'What it says'));
    const all = findings();
    if (!all.length) section.append(el('p', {}, 'Nothing stands out.'));
    else section.append(el('ul', {class: 'said'}, all.slice(0, SHOWN).map(finding)));
    const rows = run.hosts.flatMap((host) => host.verdicts.map((text) => [host, text]));
    const every = [...run.verdicts.map((text) => [null, text]), ...rows];
    if (all.length <= SHOWN && (run.hosts.length === 1 || rows.length === all.length)) return section;
    const holder = el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'All sentences'});
    const draw = () => holder.children.length || holder.append(el('table', {class: 'sentences'},
      el('tbody', {}, every.slice(0, 500).map(([host, text], i) => {
        const same = i > 0 && every[i - 1][0] === host;
        return el('tr', {class: same ? 'same' : undefined},
          el('th', {scope: 'row', class: 'text'}, same ? '' : host ? place(host) : 'The run'),
          el('td', {class: 'text'}, sentence(text)));
      }))));
    section.append(el('details', {toggle: draw}, el('summary', {}, `All ${count(every.length)} sentences, by host`), holder));
    return section;
  }

  // --- table -----------------------------------------------------------------------------

  // Of a merged run, the difference of a series to the one of the first vantage point.
  function difference(host, mode) {
    return (host.comparisons || []).find((it) => it.mode === mode.mode && it.second === mode.vantage &&
      it.first === merged[0].vantage);
  }

  function differenceCell(it) {
    if (!it) return '\u2013';
    if (it.verdict === 'no_difference') return 'none shown';
    if (!it.ci95_us) return '\u2013';
    const sign = it.difference_us < 0 ? '\u2212' : '+';
    const [low, high] = it.ci95_us.map(parts);
    return [sign, timeCell(Math.abs(it.difference_us)),
      el('span', {class: 'unit'}, ` (${low[1] === high[1] ? low[0] : low.join('\u00a0')} to ${high.join('\u00a0')})`)];
  }

  // A percentile needs samples beyond it.
  const has = (mode, index) => connected(mode) && mode.figures[index] >= 0;
  const figure = (name, index) => ({
    name, value: (row) => has(row.mode, index) ? row.mode.figures[index] : undefined,
    cell: (row) => has(row.mode, index) ? timeCell(row.mode.figures[index]) : '\u2013',
  });
  const wins = (name, index) => ({
    name,
    value: (row) => {
      const all = row.mode.figures[WINS6] + row.mode.figures[WINS4];
      return all === 0 ? undefined : row.mode.figures[index] / all;
    },
    cell: (row) => shares(row.mode.figures)[index - WINS6],
  });

  function columns() {
    const all = [{name: 'Host', text: true, value: (row) => place(row.host)}];
    if (run.hosts.some((host) => new Set(host.modes.map((mode) => mode.mode)).size > 1))
      all.push({name: 'Mode', text: true, value: (row) => row.mode.mode});
    if (merged.length > 1) all.push({name: 'From', text: true, value: (row) => row.mode.vantage});
    all.push(figure('Median', MEDIAN));
    if (merged.length > 1)
      all.push({name: `Against ${merged[0].vantage}`,
        value: (row) => (difference(row.host, row.mode) || {}).difference_us,
        cell: (row) => differenceCell(difference(row.host, row.mode))});
    // A telephone has little room for what no row has.
    const known = (index) => run.hosts.some((host) => host.modes.some((mode) => has(mode, index)));
    if (known(P90)) all.push(figure('p90', P90));
    if (known(P99)) all.push(figure('p99', P99));
    all.push(figure('Max', MAX),
      {name: 'Failed', value: (row) => row.mode.figures[FAILURES],
        cell: (row) => row.mode.figures[FAILURES] === 0 ? '\u2013'
          : el('span', {class: 'bad'}, count(row.mode.figures[FAILURES]))},
      ...(run.hosts.some((host) => host.modes.some((mode) => mode.figures[OURS]))
        ? [{name: 'Ours', value: (row) => row.mode.figures[OURS],
          cell: (row) => row.mode.figures[OURS] ? count(row.mode.figures[OURS]) : '\u2013'}] : []),
      {name: 'Dials', value: (row) => row.mode.figures[COUNT]},
      {name: 'Best', text: true, value: (row) => row.mode.best, cell: (row) => row.mode.best || '\u2013'},
      wins('IPv6', WINS6), wins('IPv4', WINS4));
    return all;
  }

  const collator = new Intl.Collator('en', {numeric: true});
  // What has no value comes last in either direction.
  function sorted(rows, column, direction) {
    if (!column) return rows;
    const keyed = rows.map((row) => [column.value(row), row]);
    keyed.sort(([a], [b]) => {
      if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
      return direction * (column.text ? collator.compare(a, b) : a - b);
    });
    return keyed.map(([, row]) => row);
  }

  function table(choose) {
    const every = run.hosts.flatMap((host) => host.modes.map((mode) => ({host, mode})));
    const shownColumns = columns();
    const state = {column: undefined, direction: 1, all: false, wanted: '', drawing: 0};
    const body = el('tbody');
    const heads = shownColumns.map((column) => el('th', {scope: 'col', class: column.text ? 'text' : undefined},
      el('button', {type: 'button', click: () => sortBy(column)}, column.name)));
    const status = el('span', {class: 'soft small', role: 'status'});
    const more = el('button', {type: 'button', click: () => { state.all = true; draw(); }});

    function sortBy(column) {
      const first = column.text ? 1 : -1;
      state.direction = state.column === column ? -state.direction : first;
      state.column = column;
      heads.forEach((th, i) => {
        if (shownColumns[i] === column)
          th.setAttribute('aria-sort', state.direction > 0 ? 'ascending' : 'descending');
        else th.removeAttribute('aria-sort');
      });
      draw();
    }

    function line(row, previous) {
      const repeated = previous && previous.host === row.host && !state.column;
      return el('tr', {class: repeated ? 'same' : undefined}, shownColumns.map((column, i) => {
        if (i > 0)
          return el('td', {class: column.text ? 'text' : undefined},
            column.cell ? column.cell(row) : column.text ? column.value(row) : count(column.value(row)));
        if (repeated) return el('th', {scope: 'row', class: 'text', 'aria-label': place(row.host)});
        return el('th', {scope: 'row', class: 'text'},
          el('button', {type: 'button', 'aria-current': row.host === state.host ? 'true' : undefined,
            click: () => choose(row.host)}, place(row.host)));
      }));
    }

    // The first rows at once. The others are made in pieces, so that the page is not held up, but
    // shown together: each time rows are added, the browser measures all of them again.
    function draw() {
      const turn = ++state.drawing;
      const rows = sorted(every, state.column, state.direction)
        .filter((row) => place(row.host).toLowerCase().includes(state.wanted));
      const end = state.all ? rows.length : Math.min(rows.length, FIRST_ROWS);
      const lines = (from, to) =>
        rows.slice(from, to).map((row, i) => line(row, rows[from + i - 1]));
      body.replaceChildren(...lines(0, Math.min(FIRST_ROWS, end)));
      const rest = document.createDocumentFragment();
      (function next(from) {
        if (turn !== state.drawing) return;
        if (from >= end) { body.append(rest); return; }
        rest.append(...lines(from, Math.min(from + 250, end)));
        setTimeout(() => next(from + 250));
      })(FIRST_ROWS);
      more.hidden = end === rows.length;
      more.textContent = `Show all ${count(rows.length)} rows`;
      status.textContent = every.length <= FIRST_ROWS && !state.wanted ? ''
        : `${count(end)} of ${plural(rows.length, 'row')} shown`;
    }

    const tools = el('div', {class: 'tools'});
    if (run.hosts.length > 20)
      tools.append(el('input', {type: 'search', placeholder: 'Find a host', 'aria-label': 'Find a host',
        input: (event) => { state.wanted = event.target.value.trim().toLowerCase(); draw(); }}));
    tools.append(status, more);
    draw();
    return {
      element: el('section', {'aria-labelledby': 'figures'}, el('h2', {id: 'figures'}, 'Figures'),
        run.hosts.length > 20 || every.length > FIRST_ROWS ? tools : undefined,
        el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': 'figures'},
          el('table', {}, el('thead', {}, el('tr', {}, heads)), body)),
        el('p', {class: 'soft small'}, 'Times are of dials that connected. Best: the family whose ' +
          'connects take less at the median. IPv6 and IPv4: share of the connections that went there.' +
          (merged.length > 1 ? ` Differences of medians with their 95\u00a0% intervals (${run.method}).` : ''))),
      mark(host) { state.host = host; draw(); },
    };
  }

  // --- groups ----------------------------------------------------------------------------

  // The dials of all hosts with one value of a label, pooled; of thinned modes those that are here.
  function pooled(name) {
    const groups = new Map();
    for (const host of run.hosts)
      for (const mode of host.modes) {
        const value = (host.labels || {})[name] || '\u2013';
        const key = `${value}\n${label(mode)}`;
        if (!groups.has(key)) groups.set(key, {value, mode: label(mode), hosts: 0, dials: 0, failed: 0, times: []});
        const group = groups.get(key);
        ++group.hosts;
        group.dials += mode.figures[COUNT] - mode.figures[OURS];
        group.failed += mode.figures[FAILURES];
        for (let i = 0; i < mode.samples.length; i += 3)
          if (mode.samples[i + 1] >= 0) group.times.push(mode.samples[i]);
      }
    for (const group of groups.values()) group.times.sort((a, b) => a - b);
    return [...groups.values()].sort((a, b) => collator.compare(a.value, b.value));
  }

  function groupSection() {
    const names = [...new Set(run.hosts.flatMap((host) => Object.keys(host.labels || {})))].sort();
    if (!names.length) return '';
    const modes = new Set(run.hosts.flatMap((host) => host.modes.map(label)));
    const body = el('tbody');
    const at = (times, part) => times.length ? timeCell(times[Math.min(times.length - 1, Math.floor(part * times.length))]) : '\u2013';
    const head = el('tr');
    function draw(name) {
      head.replaceChildren(...[name, ...modes.size > 1 ? ['mode'] : [], 'Hosts', 'Median', 'Max', 'Failed', 'Dials']
        .map((it, i) => el('th', {scope: 'col', class: i < (modes.size > 1 ? 2 : 1) ? 'text plain' : 'plain'}, it)));
      body.replaceChildren(...pooled(name).map((it) => el('tr', {}, el('th', {scope: 'row', class: 'text'}, it.value),
        modes.size > 1 ? el('td', {class: 'text'}, it.mode) : '', el('td', {}, count(it.hosts)),
        el('td', {}, it.times.length ? timeCell(middle(it.times)) : '\u2013'), el('td', {}, at(it.times, 1)),
        el('td', {}, it.failed ? el('span', {class: 'bad'}, count(it.failed)) : '\u2013'), el('td', {}, count(it.dials)))));
    }
    const choice = el('select', {'aria-label': 'Group by', change: (event) => draw(event.target.value)},
      names.map((it) => el('option', it === run.group_by ? {selected: ''} : {}, it)));
    draw(choice.value);
    return el('section', {'aria-labelledby': 'groups'}, el('h2', {id: 'groups'}, 'By label'),
      el('div', {class: 'tools'}, choice, el('span', {class: 'soft small'}, 'All dials of the hosts with one value, pooled.')),
      el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': 'groups'},
        el('table', {}, el('thead', {}, head), body)));
  }

  // --- scales ----------------------------------------------------------------------------

  function ticks(low, high, logarithmic) {
    const found = [];
    if (logarithmic) {
      for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); ++power)
        for (const step of [1, 2, 5]) found.push(step * 10 ** power);
    } else {
      const rough = (high - low) / 5;
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map((it) => it * power).find((it) => it >= rough);
      for (let at = Math.ceil(low / step) * step; at <= high; at += step) found.push(at);
    }
    return found.filter((at) => at >= low && at <= high);
  }

  const short = (us) => us === 0 ? '0' : us < 1e3 ? `${+us.toPrecision(4)}\u00a0\u00b5s`
    : us < 1e6 ? `${+(us / 1e3).toPrecision(4)}\u00a0ms` : `${+(us / 1e6).toPrecision(4)}\u00a0s`;

  // A logarithmic axis where the longest is ten times the shortest.
  function scaleOf(values) {
    let low = Infinity, high = 0;
    for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
    low = Math.max(low, 1);
    high = Math.max(high, low * 1.001);
    const logarithmic = high / low >= 10;
    if (logarithmic) { low /= 1.15; high *= 1.15; } else {
      const room = (high - low) * 0.06;
      low = Math.max(low - room, 0); high += room;
    }
    const f = logarithmic ? Math.log : (it) => it;
    return {logarithmic, ticks: ticks(low, high, logarithmic),
      at: (us) => (f(Math.max(us, logarithmic ? 1 : 0)) - f(low)) / (f(high) - f(low))};
  }

  // --- distribution ----------------------------------------------------------------------

  const DASHES = ['', '9 4', '2 4', '12 4 2 4', '5 3', '14 5', '9 3 2 3 2 3', '1 3'];

  // A line for each mode and family, in the order of the modes.
  function seriesOf(host) {
    const found = [];
    for (const mode of host.modes)
      for (const family of [6, 4, 0]) {
        const values = [];
        let all = 0;  // a dial that failed is one that never connected
        for (let i = 0; i < mode.samples.length; i += 3) {
          if (mode.samples[i + 1] === family) values.push(mode.samples[i]);
          if (mode.samples[i + 1] > -2) ++all;
        }
        if (!values.length) continue;
        values.sort((a, b) => a - b);
        found.push({mode, family, values, all,
          name: `${label(mode)}${family ? `, IPv${family}` : ''}`});
      }
    found.forEach((it, i) => {
      it.dash = DASHES[i % DASHES.length];
      it.letter = i < 26 ? String.fromCharCode(97 + i) : String(i + 1);
    });
    return found;
  }

  const middle = (values) => (values[(values.length - 1) >> 1] + values[values.length >> 1]) / 2;

  function distribution(series, scale, width) {
    const box = {left: 44, right: 14, top: 26, bottom: 44};
    const height = width < 500 ? 260 : 320;
    const x = (us) => box.left + scale.at(us) * (width - box.left - box.right);
    const y = (part) => height - box.bottom - part * (height - box.top - box.bottom);
    const drawing = svg('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img',
      'aria-label': 'Share of the dials that had connected by a time, for each mode and family'});
    for (const part of [0, 0.25, 0.5, 0.75, 1])
      drawing.append(svg('line', {x1: box.left, x2: width - box.right, y1: y(part), y2: y(part),
        class: part === 0 ? 'axis' : 'grid'}),
      svg('text', {x: box.left - 8, y: y(part) + 4, 'text-anchor': 'end'}, `${part * 100}\u00a0%`));
    let free = 0;
    for (const at of scale.ticks) {
      const here = x(at);
      drawing.append(svg('line', {x1: here, x2: here, y1: y(0), y2: y(0) + 5, class: 'axis'}));
      if (here - 26 < free || here + 24 > width) continue;
      drawing.append(svg('text', {x: here, y: height - 24, 'text-anchor': 'middle'}, short(at)));
      free = here + 30;
    }
    drawing.append(svg('text', {x: 0, y: 12, class: 'title'}, 'share of all dials'),
      svg('text', {x: width - box.right, y: height - 6, 'text-anchor': 'end', class: 'title'},
        `time to connect${scale.logarithmic ? ', logarithmic' : ''} \u2192`));
    for (const it of series) {
      const n = it.values.length;
      const step = Math.max(1, Math.floor(n / 800));
      let path = `M${x(it.values[0]).toFixed(1)} ${y(0)}`;
      for (let i = 0; i < n; i = i === n - 1 ? n : Math.min(i + step, n - 1))
        path += `H${x(it.values[i]).toFixed(1)}V${y((i + 1) / it.all).toFixed(1)}`;
      drawing.append(svg('path', {d: path, class: `line ${familyClass(it.family)}`,
        'stroke-dasharray': it.dash || undefined}, svg('title', {}, it.name)));
    }
    series.forEach((it, i) => {
      const part = series.length === 1 ? 0.5 : 0.2 + 0.6 * i / (series.length - 1);
      const value = it.values[Math.min(it.values.length - 1, Math.floor(part * it.values.length))];
      const high = (Math.floor(part * it.values.length) + 0.5) / it.all;
      drawing.append(svg('circle', {cx: x(value), cy: y(high), r: 8, class: `badge ${familyClass(it.family)}`}),
        svg('text', {x: x(value), y: y(high) + 3.5, class: 'letter'}, it.letter));
    });
    return drawing;
  }

  function legend(series) {
    return el('ul', {class: 'legend'}, series.map((it) => el('li', {},
      svg('svg', {viewBox: '0 0 64 18', 'aria-hidden': 'true'},
        svg('path', {d: 'M20 9H64', class: `line ${familyClass(it.family)}`, 'stroke-dasharray': it.dash || undefined}),
        svg('circle', {cx: 9, cy: 9, r: 8, class: `badge ${familyClass(it.family)}`}),
        svg('text', {x: 9, y: 12.5, class: 'letter'}, it.letter)),
      el('span', {}, it.name),
      el('span', {class: 'soft'}, `${count(it.values.length)} of ${count(it.all)}, median ${time(middle(it.values))}`))));
  }

  // --- sequence --------------------------------------------------------------------------

  // Ticks of the time of the day, from `low` to `high` milliseconds.
  function hours(low, high, most) {
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
    const step = 1e3 * (steps.find((it) => (high - low) / (it * 1e3) <= most) || 7 * 86400);
    const zone = 6e4 * new Date(low).getTimezoneOffset();
    const found = [];
    for (let at = Math.ceil((low - zone) / step) * step + zone; at <= high; at += step) found.push(at);
    const label = (at) => step < 864e5 ? clock(at, step < 6e4)
      : new Date(at).toLocaleDateString('en-GB', {day: 'numeric', month: 'short'});
    return {found, label};
  }

  function strip(mode, scale, width) {
    const box = {left: 62, right: 10, top: 12, bottom: 26};
    const height = 108;
    const n = mode.samples.length / 3;
    const first = mode.samples[2];
    const last = Math.max(mode.samples[3 * n - 1], first + 1);
    const x = (at) => box.left + 8 + (n === 1 ? 0.5 : (at - first) / (last - first)) * (width - box.left - box.right - 16);
    const y = (us) => height - box.bottom - scale.at(us) * (height - box.top - box.bottom);
    const dots = {6: '', 4: '', 0: ''};
    let crosses = '';
    for (let i = 0; i < n; ++i) {
      const [us, mark, at] = mode.samples.slice(3 * i, 3 * i + 3);
      if (mark >= 0) dots[mark] += `M${x(at).toFixed(1)} ${y(us).toFixed(1)}h0`;
      else if (mark === -1) crosses += `M${(x(at) - 3.5).toFixed(1)} ${box.top - 8}l7 7m0 -7l-7 7`;
    }
    const drawing = svg('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img',
      'aria-label': `The dials of ${label(mode)} by the time of the day`});
    const marks = [scale.ticks[0], scale.ticks[scale.ticks.length >> 1], scale.ticks[scale.ticks.length - 1]];
    for (const at of new Set(marks.filter((it) => it !== undefined)))
      drawing.append(svg('line', {x1: box.left, x2: width - box.right, y1: y(at), y2: y(at), class: 'grid'}),
        svg('text', {x: box.left - 8, y: y(at) + 4, 'text-anchor': 'end'}, short(at)));
    const times = hours(began + first, began + last, width < 500 ? 3 : 5);
    for (const at of n > 1 ? times.found : [began + first])
      drawing.append(svg('line', {x1: x(at - began), x2: x(at - began), y1: height - box.bottom, y2: height - box.bottom + 4, class: 'axis'}),
        svg('text', {x: Math.min(Math.max(x(at - began), box.left + 20), width - 24), y: height - 8, 'text-anchor': 'middle'},
          n > 1 ? times.label(at) : clock(at, true)));
    for (const family of [6, 4, 0]) {
      if (!dots[family]) continue;
      drawing.append(svg('path', {d: dots[family], class: `dots ${familyClass(family)}`}));
      if (family !== 6) drawing.append(svg('path', {d: dots[family], class: 'hole'}));
    }
    if (crosses) drawing.append(svg('path', {d: crosses, class: 'crosses failed'}));
    return el('figure', {class: 'strip'}, el('figcaption', {}, label(mode),
      el('span', {class: 'soft'}, mode.bimodal ? ': two groups' : '',
        mode.stride > 1 ? `, one in ${mode.stride} drawn` : '')), drawing);
  }

  function key() {
    const sign = (...shapes) => svg('svg', {viewBox: '0 0 14 14', 'aria-hidden': 'true'}, shapes);
    const dot = (name) => svg('path', {d: 'M7 7h0', class: name});
    return el('ul', {class: 'key soft small'},
      el('li', {}, sign(dot('dots ipv6')), 'IPv6'),
      el('li', {}, sign(dot('dots ipv4'), dot('hole')), 'IPv4'),
      el('li', {}, sign(svg('path', {d: 'M3.5 3.5l7 7m0 -7l-7 7', class: 'crosses failed'})), 'failed'));
  }

  // --- waterfall -------------------------------------------------------------------------

  function waterfall(dial) {
    const end = Math.max(dial.end_us, ...dial.bars.map((it) => it[2]), 1);
    const name = dial.which === 'median' ? 'Median' : 'Worst';
    return el('figure', {}, el('figcaption', {}, el('strong', {}, `${name}: ${time(dial.total_us)}`),
      el('span', {class: 'soft'}, `, sample ${dial.n}${dial.error ? `, ${dial.error}` : ''}`)),
    el('ol', {class: 'bars'}, dial.bars.map(([what, from, to, kind, text, family]) => {
      const left = 1000 * from / end;
      const wide = Math.max(1000 * (to - from) / end, 4);
      return el('li', {}, el('span', {}, what), el('span', {class: 'soft'}, `${text}, ${time(to - from)}`),
        svg('svg', {viewBox: '0 0 1000 10', preserveAspectRatio: 'none', 'aria-hidden': 'true'},
          svg('rect', {x: 0, y: 4.5, width: 1000, height: 1, class: 'track'}),
          svg('rect', {x: Math.min(left, 1000 - wide), y: kind === 'query' ? 3 : 1, width: wide,
            height: kind === 'query' ? 4 : 8, 'vector-effect': 'non-scaling-stroke',
            class: `bar ${kind} ${family ? familyClass(family) : ''}`})));
    })), el('div', {class: 'ends', 'aria-hidden': 'true'}, el('span', {}, '0'), el('span', {}, time(end))));
  }

  function waterfalls(host) {
    const shown = host.modes.filter((mode) => mode.dials.length);
    return shown.map((mode, i) => fill(
      el('details', {}, el('summary', {}, label(mode)),
        el('div', {class: 'pair'}, mode.dials.map(waterfall))), i < 4 ? {open: ''} : {}));
  }

  // --- one host --------------------------------------------------------------------------

  function hostSection() {
    const section = el('section', {'aria-labelledby': 'host'});
    let shown, wide = 0;

    function pictures(host, width) {
      const series = seriesOf(host);
      if (!series.length) return el('p', {}, 'No dial to this host connected.');
      const scale = scaleOf(series.flatMap((it) => [it.values[0], it.values[it.values.length - 1]]));
      return [el('h3', {}, 'Share of the dials that had connected by a time'),
        distribution(series, scale, width), legend(series),
        el('h3', {}, 'Every dial, by the time of the day'),
        el('p', {class: 'soft small'}, `Across: when it began, in this browser's time zone. Up: the time to connect${scale.logarithmic ? ', on a logarithmic scale' : ''}.`), key(),
        el('div', {class: 'strips'}, host.modes.map((mode) => strip(mode, scale,
          width < 936 || host.modes.length === 1 ? width : Math.floor((width - 40) / 2))))];
    }

    const drawn = el('div');
    function draw() {
      wide = Math.max(Math.floor(section.clientWidth), 280);
      drawn.replaceChildren(...[pictures(shown, wide)].flat(9));
    }
    new ResizeObserver(() => { if (shown && Math.abs(section.clientWidth - wide) > 1) draw(); }).observe(section);

    return {element: section, show(host, focus) {
      shown = host;
      const title = el('h2', {id: 'host', tabindex: '-1'}, place(host));
      section.replaceChildren(title,
        host.verdicts.length ? said(host.verdicts) : '', drawn,
        el('h3', {}, 'The median and the worst dial'), ...waterfalls(host));
      draw();
      if (focus) { title.focus({preventScroll: true}); title.scrollIntoView({block: 'start'}); }
    }};
  }

  // --- environment -----------------------------------------------------------------------

  function terms(environment, options, started, duration) {
    const rows = [['Machine', `${environment.node}, ${environment.kernel}, ${plural(environment.cpus, 'CPU')}`],
      ['Program', `gladhand-bench ${environment.gladhand}`],
      ['Began', when(started)], ['Took', time(duration)],
      ['A dial ends', options.until === 'banner' ? "with the server's first line" : 'when connected'],
      ['Samples', options.samples ? `${count(options.samples)} of each host and mode` : 'as many as the time allowed'],
      ['At once', `${plural(options.concurrency, 'dial')} at most` +
        (options.rate_per_s === null ? '' : `, ${options.rate_per_s} begun a second`)],
      ['Timeout', short(options.timeout_us)],
      ['Connection Attempt Delay', short(options.connection_attempt_delay_us)],
      ['Resolution Delay', short(options.resolution_delay_us)],
      ['Command', el('code', {}, environment.command)]];
    return el('dl', {}, rows.map(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]));
  }

  function environment() {
    const section = el('section', {'aria-labelledby': 'environment'},
      el('h2', {id: 'environment'}, 'Where and how it was measured'));
    if (!merged.length) section.append(terms(run.environment, run.options, run.started, run.duration_us));
    for (const it of merged)
      section.append(merged.length > 1 ? el('h3', {}, it.vantage) : '',
        terms(it.environment, it.options, it.started, it.duration_us));
    return section;
  }

  // --- the page --------------------------------------------------------------------------

  const host = hostSection();
  const figures = table((chosen) => { figures.mark(chosen); host.show(chosen, true); });
  document.getElementById('page').append(
    ...[head(), verdict(), figures.element, groupSection(), host.element, environment()].filter((it) => it !== ''));
  if (run.hosts.length) {
    figures.mark(run.hosts[0]);
    host.show(run.hosts[0], false);
  }
  // What is folded would be missing on paper.
  window.addEventListener('beforeprint', () => {
    for (const it of document.querySelectorAll('details')) {
      it.open = true;
      it.dispatchEvent(new Event('toggle'));
    }
  });
  document.documentElement.dataset.drawn = 'yes';
})();
