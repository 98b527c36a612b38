'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const $ = (id) => document.getElementById(id);
  const SVG = 'http://www.w3.org/2000/svg';

  // Elements from a name, attributes and children; text is always text.
  const make = (space) => (name, attributes = {}, ...children) => {
    const element = space ? document.createElementNS(space, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : value);
    }
    element.append(...children);
    return element;
  };
  const h = make(null), s = make(SVG);

  // Columns: cells with commas between them, `~n` for n empty ones.
  const cells = (text) => {
    const list = [];
    if (text === '') return list;
    for (const cell of text.split(',')) {
      if (cell[0] === '~') for (let n = Number(cell.slice(1)); n > 0; n -= 1) list.push(null);
      else list.push(cell);
    }
    return list;
  };
  const numbers = cells(data.numbers).map(Number);
  const states = cells(data.states);
  const numeric = (text) => cells(text).map((cell) => (cell === null ? null : Number(cell)));
  const objectives = data.objectives.map((o) => ({ ...o, values: numeric(o.cells) }));
  const params = data.params.map((p) => ({ ...p, values: numeric(p.cells) }));
  const fidelity = numeric(data.fidelity), seconds = numeric(data.seconds);
  const rowOf = new Map(numbers.map((number, row) => [number, row]));
  const front = new Set(data.front), networks = new Set(data.networks);

  const format = (x) => {
    if (x === null || x === undefined) return '';
    if (!Number.isFinite(x)) return String(x);
    const size = Math.abs(x);
    let text;
    if (Number.isInteger(x) && size < 1e7) text = String(x);
    else if (size !== 0 && (size < 1e-3 || size >= 1e7)) text = x.toExponential(2);
    else text = String(Number(x.toPrecision(4)));
    return text.replace('-', '−');
  };
  const shown = (param, row) => {
    const value = param.values[row];
    if (value === null || value === undefined) return '';
    return param.choices ? param.choices[value] : format(value);
  };

  // A trial in a dialog.
  const dialog = $('trial');
  const list = (rows) => h('dl', { class: 'facts' }, ...rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
  const openTrial = (number) => {
    const row = rowOf.get(number);
    const content = $('trial-content');
    content.replaceChildren(h('h2', { id: 'trial-title' }, `Trial ${number}`));
    if (row === undefined) {
      content.append(h('p', {}, 'This trial is not among those that the page holds; trials.csv has it.'));
    } else {
      const facts = [['state', states[row]]];
      if (front.has(number)) facts.push(['front', 'no other trial dominates it']);
      for (const o of objectives) if (o.values[row] !== null) facts.push([o.name, format(o.values[row])]);
      if (fidelity[row] !== null) facts.push([data.unit, format(fidelity[row])]);
      if (seconds[row] !== null) facts.push(['time (s)', format(seconds[row])]);
      if (data.reasons[number]) facts.push(['reason', data.reasons[number]]);
      content.append(list(facts));
      if (networks.has(number)) {
        const link = h('a', { href: `#network-${number}` }, 'Card of its trained network');
        link.addEventListener('click', () => dialog.close());
        content.append(h('p', {}, link));
      }
      const active = params.filter((p) => p.values[row] !== null && p.values[row] !== undefined);
      if (active.length) content.append(h('h3', {}, 'Parameters'), list(active.map((p) => [p.name, shown(p, row)])));
    }
    if (!dialog.open) dialog.showModal();
  };
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-open]');
    if (button) openTrial(Number(button.dataset.open));
  });

  // A link to a card opens the card.
  const openCard = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === 'DETAILS') { target.open = true; target.scrollIntoView(); }
  };
  addEventListener('hashchange', openCard);
  openCard();

  // Marks under the pointer, in all plots at once.
  const tip = $('tip');
  const plots = [...document.querySelectorAll('svg[data-hover]')].map((svg) => ({ svg, marks: null, ring: null }));
  const marksOf = (plot) => {
    if (plot.marks) return plot.marks;
    plot.marks = [];
    for (const path of plot.svg.querySelectorAll('path[data-trials]')) {
      const trials = path.dataset.trials.split(',');
      let at = 0;
      for (const [, x, y, w] of path.getAttribute('d').matchAll(/M(-?[\d.]+) (-?[\d.]+)h(-?[\d.]+)/g)) {
        plot.marks.push({ x: +x, y: +y, w: +w, trial: +trials[at] });
        at += 1;
      }
    }
    for (const mark of plot.svg.querySelectorAll('a.mark')) {
      const circle = mark.firstElementChild;
      plot.marks.push({ x: +circle.getAttribute('cx'), y: +circle.getAttribute('cy'), w: 0, trial: +mark.dataset.trial, link: mark });
    }
    return plot.marks;
  };
  const nearest = (plot, event) => {
    const matrix = plot.svg.getScreenCTM();
    if (!matrix) return null;
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    const reach = 14 / matrix.a;
    let best = null, least = reach;
    for (const mark of marksOf(plot)) {
      const dx = Math.max(mark.x - point.x, 0, point.x - mark.x - mark.w);
      const distance = Math.hypot(dx, mark.y - point.y) - (mark.link ? 1 : 0);
      if (distance < least) { least = distance; best = mark; }
    }
    return best;
  };
  const highlight = (trial) => {
    for (const plot of plots) {
      if (plot.ring) { plot.ring.remove(); plot.ring = null; }
      if (trial === null) continue;
      const mark = marksOf(plot).find((m) => m.trial === trial);
      if (!mark) continue;
      plot.ring = s('circle', { class: 'ring', cx: mark.x + mark.w / 2, cy: mark.y, r: 7 });
      plot.svg.append(plot.ring);
    }
  };
  const tell = (trial, x, y) => {
    const row = rowOf.get(trial);
    const lines = [h('b', {}, `Trial ${trial}`)];
    if (row !== undefined) {
      lines.push(` ${states[row]}`);
      const add = (name, value) => lines.push(h('br'), h('bdi', {}, name), ' ', h('b', {}, h('bdi', {}, value)));
      for (const o of objectives) if (o.values[row] !== null) add(o.name, format(o.values[row]));
      if (fidelity[row] !== null) add(data.unit, format(fidelity[row]));
      let named = 0;
      for (const at of data.important) {
        if (named >= 4) break;
        const value = shown(params[at], row);
        if (value !== '') { add(params[at].name, value); named += 1; }
      }
    }
    tip.replaceChildren(...lines);
    tip.hidden = false;
    const { offsetWidth: w, offsetHeight: t } = tip;
    const room = document.documentElement.clientWidth;
    tip.style.left = `${Math.max(4, Math.min(x + 14, scrollX + room - w - 8))}px`;
    tip.style.top = `${y - t - 10 < scrollY ? y + 16 : y - t - 10}px`;
  };
  const leave = () => { tip.hidden = true; highlight(null); };
  for (const plot of plots) {
    let current = null;
    plot.svg.addEventListener('pointermove', (event) => {
      const mark = nearest(plot, event);
      if (mark === null) { if (current !== null) { current = null; leave(); plot.svg.style.cursor = ''; } return; }
      if (mark.trial !== current) { current = mark.trial; highlight(current); plot.svg.style.cursor = 'pointer'; }
      tell(current, event.pageX, event.pageY);
    });
    plot.svg.addEventListener('pointerleave', () => { current = null; leave(); });
    plot.svg.addEventListener('click', (event) => {
      const link = event.target.closest('a.mark');
      const trial = link ? Number(link.dataset.trial) : (nearest(plot, event) || {}).trial;
      if (trial === undefined) return;
      if (networks.has(trial) && link) return;
      event.preventDefault();
      leave();
      openTrial(trial);
    });
    for (const mark of plot.svg.querySelectorAll('a.mark')) {
      mark.addEventListener('focus', () => {
        const box = mark.getBoundingClientRect();
        highlight(Number(mark.dataset.trial));
        tell(Number(mark.dataset.trial), box.right + scrollX, box.top + scrollY);
      });
      mark.addEventListener('blur', leave);
    }
  }

  // Which trials the brushes and the filter leave.
  const brushes = new Map();
  let drawn = () => {};
  const hasValues = (row) => states[row] !== 'failed' && objectives.every((o) => o.values[row] !== null && Number.isFinite(o.values[row]));
  const inBrushes = (row) => brushes.size === 0 || hasValues(row) && [...brushes.values()].every(({ axis, low, high }) => {
    const at = axis.place(row);
    return at !== null && at >= low - 0.01 && at <= high + 0.01;
  });

  // Table.
  const table = $('table');
  if (table) {
    const PAGE = 50;
    let sorted = { key: 'trial', down: false }, limit = PAGE, words = [];
    const few = data.important.slice(0, 8).map((at) => params[at]);
    const columns = () => [
      { name: 'trial', num: true, value: (row) => numbers[row], text: (row) => String(numbers[row]) },
      { name: 'state', value: (row) => states[row], text: (row) => states[row] },
      ...objectives.map((o) => ({ name: o.name, num: true, value: (row) => o.values[row], text: (row) => format(o.values[row]) })),
      ...(fidelity.some((f) => f !== null) ? [{ name: data.unit, num: true, value: (row) => fidelity[row], text: (row) => format(fidelity[row]) }] : []),
      ...(seconds.some((f) => f !== null) ? [{ name: 'seconds', num: true, value: (row) => seconds[row], text: (row) => format(seconds[row]) }] : []),
      ...($('all-params') && $('all-params').checked || params.length <= 8 ? params : few).map((p) => ({
        name: p.name, num: !p.choices, value: (row) => (p.choices ? shown(p, row) || null : p.values[row]), text: (row) => shown(p, row),
      })),
    ];
    const every = () => [...columns(), ...params.map((p) => ({ name: p.name, value: (row) => (p.choices ? shown(p, row) || null : p.values[row]), text: (row) => shown(p, row) }))];
    const parse = (text) => (text.match(/"[^"]*"|\S+/g) || []).map((token) => {
      const word = token.replace(/^"|"$/g, '');
      const parts = /^(.+?)(<=|>=|!=|=|<|>)(.+)$/.exec(word);
      const column = parts && every().find((c) => c.name.toLowerCase() === parts[1].toLowerCase());
      if (!column) return (row) => every().some((c) => c.text(row).toLowerCase().includes(word.toLowerCase())) || (data.reasons[numbers[row]] || '').toLowerCase().includes(word.toLowerCase());
      const [, , operator, right] = parts;
      const number = Number(right.replace('−', '-'));
      return (row) => {
        const value = column.value(row);
        if (value === null || value === undefined) return false;
        const both = typeof value === 'number' && !Number.isNaN(number);
        const order = both ? value - number : String(column.text(row)).localeCompare(right);
        return { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0, '=': order === 0, '!=': order !== 0 }[operator];
      };
    });
    const compare = (column) => (a, b) => {
      const [x, y] = [column.value(a), column.value(b)];
      const none = (v) => v === null || v === undefined || Number.isNaN(v);
      if (none(x) || none(y)) return none(x) - none(y) || a - b;
      const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
      return (sorted.down ? -order : order) || a - b;
    };
    drawn = () => {
      const all = columns();
      const key = all.find((c) => c.name === sorted.key) || all[0];
      const rows = numbers.map((_, row) => row).filter((row) => inBrushes(row) && words.every((holds) => holds(row))).sort(compare(key));
      const heads = all.map((column) => {
        const now = column.name === sorted.key;
        const button = h('button', { type: 'button', title: column.name }, column.name, now ? (sorted.down ? ' ↓' : ' ↑') : '');
        button.addEventListener('click', () => {
          sorted = { key: column.name, down: sorted.key === column.name && !sorted.down };
          drawn();
          const again = [...table.querySelectorAll('thead button')].find((b) => b.title === column.name);
          if (again) again.focus();
        });
        return h('th', { scope: 'col', class: column.num ? 'num' : null, 'aria-sort': now ? (sorted.down ? 'descending' : 'ascending') : null }, button);
      });
      table.tHead.replaceChildren(h('tr', {}, ...heads));
      table.tBodies[0].replaceChildren(...rows.slice(0, limit).map((row) => h('tr', { class: front.has(numbers[row]) ? 'front' : null },
        ...all.map((column, at) => {
          if (at === 0) return h('td', { class: 'num' }, h('button', { type: 'button', class: 'link', 'data-open': numbers[row], 'aria-label': `Trial ${numbers[row]}` }, String(numbers[row])));
          return h('td', { class: column.name === 'state' && at === 1 ? `state ${states[row]}` : column.num ? 'num' : null }, column.text(row));
        }))));
      $('matches').textContent = `${rows.length} of ${numbers.length} trials`;
      $('more').hidden = rows.length <= limit;
      $('more').textContent = `Show ${Math.min(PAGE * 4, rows.length - limit)} more`;
    };
    $('filter').addEventListener('input', (event) => { words = parse(event.target.value); limit = PAGE; drawn(); });
    $('more').addEventListener('click', () => { limit += PAGE * 4; drawn(); });
    if ($('all-params')) $('all-params').addEventListener('change', () => drawn());
  }

  // Parallel coordinates.
  const svg = $('coordinates');
  if (svg) {
    const TOP = 46, BOTTOM = 296, NONE = 318;
    const chosen = svg.dataset.params.split(',').map((at) => params[Number(at)]);
    const parts = [...chosen, ...objectives];
    const left = 46, step = (1020 - 2 * left) / Math.max(1, parts.length - 1);
    const rows = numbers.map((_, row) => row).filter(hasValues);
    const axes = parts.map((part, at) => {
      const values = rows.map((row) => part.values[row]).filter((v) => v !== null && v !== undefined && Number.isFinite(v));
      let low = Math.min(...values), high = Math.max(...values);
      if (part.choices) { low = 0; high = part.choices.length - 1; }
      if (!(high > low)) { low -= 0.5; high += 0.5; }
      const log = part.log && low > 0;
      const scale = log ? (v) => Math.log(v / low) / Math.log(high / low) : (v) => (v - low) / (high - low);
      const place = (row) => {
        const value = part.values[row];
        return value === null || value === undefined || !Number.isFinite(value) ? null : BOTTOM - (BOTTOM - TOP) * scale(value);
      };
      const at01 = (share) => (log ? low * (high / low) ** share : low + (high - low) * share);
      return { part, place, at01, x: left + step * at };
    });
    const paths = { out: s('path', { class: 'out' }), inside: s('path'), front: s('path', { class: 'front' }) };
    svg.append(paths.out, paths.inside, paths.front);
    const line = (row) => axes.map((axis, at) => `${at ? 'L' : 'M'}${axis.x.toFixed(0)} ${(axis.place(row) ?? NONE).toFixed(1)}`).join('');
    const lines = new Map(rows.map((row) => [row, line(row)]));
    const text = (value) => (value.length > 15 ? `${value.slice(0, 14)}…` : value);
    // Three digits and a suffix: axes have little room.
    const brief = (x) => {
      const [unit, suffix] = Math.abs(x) >= 1e9 ? [1e9, 'G'] : Math.abs(x) >= 1e6 ? [1e6, 'M'] : Math.abs(x) >= 1e4 ? [1e3, 'k'] : [1, ''];
      return format(Number((x / unit).toPrecision(3))) + suffix;
    };
    const label = (part, value) => (part.choices ? part.choices[Math.round(value)] : brief(value));
    const redraw = () => {
      const groups = { out: '', inside: '', front: '' };
      let count = 0;
      for (const row of rows) {
        const within = inBrushes(row);
        count += within;
        groups[within ? (front.has(numbers[row]) ? 'front' : 'inside') : 'out'] += lines.get(row);
      }
      for (const [name, path] of Object.entries(paths)) path.setAttribute('d', groups[name]);
      $('brushed').textContent = brushes.size ? `${count} of ${rows.length} trials selected` : `${rows.length} trials`;
      $('clear-brushes').disabled = brushes.size === 0;
      for (const axis of axes) axis.show();
    };
    for (const axis of axes) {
      const { part, x } = axis;
      const brush = s('rect', { class: 'brush', x: x - 8, width: 16, y: TOP, height: 0, visibility: 'hidden' });
      const group = s('g', { class: 'axis', tabindex: 0, role: 'slider', 'aria-label': `Range of ${part.name}`, 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': 100, 'aria-orientation': 'vertical' },
        s('line', { x1: x, x2: x, y1: TOP, y2: BOTTOM }));
      const odd = axes.indexOf(axis) % 2;
      const anchor = x < 80 ? 'start' : x > 940 ? 'end' : 'middle';
      const shift = anchor === 'start' ? -left + 2 : anchor === 'end' ? left - 2 : 0;
      group.append(s('text', { class: 'label', x: x + shift, y: odd ? 12 : 26, 'text-anchor': anchor }, text(part.name)));
      const ticks = part.choices ? part.choices.map((_, k) => k).filter((k) => part.choices.length < 9 || k % Math.ceil(part.choices.length / 8) === 0) : [0, 0.5, 1].map(axis.at01);
      for (const tick of ticks) {
        const range = part.choices ? (part.choices.length > 1 ? tick / (part.choices.length - 1) : 0.5) : ticks.indexOf(tick) / 2;
        group.append(s('text', { x: x + (x > 940 ? -5 : 5), y: BOTTOM - (BOTTOM - TOP) * range, dy: '.32em', 'text-anchor': x > 940 ? 'end' : 'start' }, text(label(part, tick))));
      }
      const hit = s('rect', { class: 'hit', x: x - 14, width: 28, y: TOP - 8, height: BOTTOM - TOP + 16 });
      group.append(brush, hit);
      svg.append(group);
      axis.show = () => {
        const own = brushes.get(axis);
        brush.setAttribute('visibility', own ? 'visible' : 'hidden');
        const share = (y) => Math.min(1, Math.max(0, (BOTTOM - y) / (BOTTOM - TOP)));
        group.setAttribute('aria-valuetext', own ? `${label(part, axis.at01(share(own.high)))} to ${label(part, axis.at01(share(own.low)))}` : 'everything');
        group.setAttribute('aria-valuenow', own ? Math.round(100 * share((own.low + own.high) / 2)) : 100);
        if (own) { brush.setAttribute('y', own.low); brush.setAttribute('height', Math.max(1, own.high - own.low)); }
      };
      const set = (low, high) => {
        brushes.set(axis, { axis, low: Math.max(TOP, Math.min(low, high)), high: Math.min(BOTTOM, Math.max(low, high)) });
        redraw(); drawn();
      };
      const clear = () => { brushes.delete(axis); redraw(); drawn(); };
      const y = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()).y;
      hit.addEventListener('pointerdown', (event) => {
        const from = y(event);
        hit.setPointerCapture(event.pointerId);
        const move = (e) => set(from, y(e));
        hit.addEventListener('pointermove', move);
        hit.addEventListener('pointerup', (e) => {
          hit.removeEventListener('pointermove', move);
          if (Math.abs(y(e) - from) < 3) clear();
        }, { once: true });
        event.preventDefault();
        group.focus();
      });
      group.addEventListener('keydown', (event) => {
        const own = brushes.get(axis) || { low: TOP, high: BOTTOM };
        const size = (BOTTOM - TOP) / 10;
        const wide = own.high - own.low;
        const moves = {
          ArrowUp: () => (wide >= BOTTOM - TOP - 1 ? set(TOP, TOP + (BOTTOM - TOP) / 4) : set(Math.max(TOP, own.low - size), Math.max(TOP, own.low - size) + wide)),
          ArrowDown: () => (wide >= BOTTOM - TOP - 1 ? set(BOTTOM - (BOTTOM - TOP) / 4, BOTTOM) : set(Math.min(BOTTOM, own.high + size) - wide, Math.min(BOTTOM, own.high + size))),
          '+': () => set(own.low - size / 2, own.high + size / 2),
          '-': () => wide > size && set(own.low + size / 2, own.high - size / 2),
          Escape: clear,
        };
        if (moves[event.key]) { event.preventDefault(); moves[event.key](); }
      });
    }
    if (rows.some((row) => axes.some((axis) => axis.place(row) === null))) {
      svg.append(s('text', { x: 4, y: NONE + 4 }, 'inactive'));
    }
    $('clear-brushes').addEventListener('click', () => { brushes.clear(); redraw(); drawn(); });
    redraw();
  }
  drawn();

  // A page of a running study loads itself again, unless someone reads a dialog or types.
  const reload = $('reload');
  if (reload) {
    try { reload.checked = sessionStorage.getItem('reload') !== 'off'; } catch { /* no storage: stays on */ }
    reload.addEventListener('change', () => { try { sessionStorage.setItem('reload', reload.checked ? 'on' : 'off'); } catch { /* as above */ } });
    setInterval(() => {
      const busy = dialog.open || brushes.size || $('filter') && $('filter').value || document.hidden;
      if (reload.checked && !busy) location.reload();
    }, 10000);
  }
})();
