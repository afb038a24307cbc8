/**
 * The little that the report does in a browser: one crosshair through all charts of the time line, with what they say
 * there. Without it, nothing is missing that is not also in the drawings and the tables.
 *
 * @module
 */

/**
 * The script. It reads the values back from the paths and attributes that are drawn, and writes text, never HTML. The
 * arrow keys move the crosshair by a step, or with Shift by a twentieth of the time line; up and down change the row.
 */
export const SCRIPT = `'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const timeline = document.getElementById('timeline');
  const tip = document.getElementById('tip');
  const steps = Math.max(1, Math.ceil(data.width));
  const leap = Math.max(1, Math.round(steps / 20));
  const nearby = 4;
  const groups = [...timeline.querySelectorAll('.rows')];
  const rowsOf = new Map(groups.map((group) => [group, [...group.querySelectorAll('.row:not(.axis)')]]));
  let step = steps - 1;
  let shown = 0;

  const stretches = new Map();
  const stretchesOf = (path) => {
    if (!stretches.has(path)) {
      const list = [];
      let x = 0, y = 0;
      for (const [, command, number] of path.getAttribute('d').matchAll(/([VH])([-\\d.]+)/g)) {
        if (command === 'V') y = Number(number);
        else list.push({ from: x, to: (x = Number(number)), value: y });
      }
      stretches.set(path, list);
    }
    return stretches.get(path);
  };
  const count = (number) => String(Math.round(number * 10) / 10).replace(/\\B(?=(?:\\d{3})+(?:\\.|$))/g, '\\u202f');
  const seriesText = (path) => {
    const value = stretchesOf(path).find(({ from, to }) => from <= step && step < to)?.value;
    const { name, of } = path.dataset;
    if (value === undefined) return name + ' –';
    if (of === undefined) return name + ' ' + count(value);
    const percent = Number(of) === 0 ? 0 : (100 * value) / Number(of);
    return count(value) + ' of ' + count(of) + ' · ' + (percent === 100 ? '100' : percent.toFixed(1)) + '\\u202f%';
  };
  const pinText = (svg) => {
    const numbers = svg.dataset.pins.split(' ').map(Number);
    let version = '–';
    for (let i = 0; i + 1 < numbers.length && numbers[i] < step + 1; i += 2) version = data.versions[numbers[i + 1]];
    return version;
  };
  const rowText = (row) => {
    const svg = row.querySelector('svg');
    if (svg.dataset.pins !== undefined) return pinText(svg);
    return [...svg.querySelectorAll('path[data-name]')].map(seriesText).join(', ');
  };

  const instant = (ms) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
  const stepTitle = () => {
    const from = instant(data.startsAt + step * data.stepMs);
    const to = instant(Math.min(data.startsAt + (step + 1) * data.stepMs, data.endsAt));
    const brief = (text) => (text.endsWith(':00') ? text.slice(0, -3) : text);
    const same = from.slice(0, 10) === to.slice(0, 10);
    return brief(from) + ' – ' + brief(same ? to.slice(11) : to) + ' UTC';
  };
  const element = (name, text, className) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  const show = (group, index, atX, atY, isSpoken) => {
    const rows = rowsOf.get(group);
    const from = rows.length <= 2 * nearby + 2 ? 0 : Math.max(0, Math.min(index - nearby, rows.length - 2 * nearby - 1));
    const list = document.createElement('dl');
    rows.slice(from, rows.length <= 2 * nearby + 2 ? undefined : from + 2 * nearby + 1).forEach((row, i) => {
      const text = rowText(row);
      if (text === '') return;
      const className = from + i === index && rows.length > 1 ? 'here' : '';
      const note = row.classList.contains('band') ? row.querySelector('small')?.textContent : undefined;
      list.append(element('dt', row.querySelector('.label').title + (note ? ' ' + note : ''), className), element('dd', text, className));
    });
    const marks = data.marks.filter(([start, end]) => start < step + 1 && step <= Math.max(end, start));
    const parts = [element('p', stepTitle())];
    if (list.childElementCount > 0) parts.push(list);
    if (marks.length > 0) {
      const items = document.createElement('ul');
      items.append(...marks.slice(0, 6).map(([, , kind, label]) => element('li', kind + ': ' + label)));
      if (marks.length > 6) items.append(element('li', 'and ' + (marks.length - 6) + ' more'));
      parts.push(items);
    }
    tip.setAttribute('aria-live', isSpoken ? 'polite' : 'off');
    tip.replaceChildren(...parts);
    tip.hidden = false;
    timeline.classList.add('pointed');
    timeline.style.setProperty('--at', String(Math.min((step + 0.5) / data.width, 1)));
    const { width, height } = tip.getBoundingClientRect();
    const room = document.documentElement.clientWidth;
    const left = atX + 18 + width > room ? atX - 18 - width : atX + 18;
    const top = atY + 18 + height > innerHeight ? atY - 18 - height : atY + 18;
    tip.style.left = Math.max(8, Math.min(left, room - width - 8)) + 'px';
    tip.style.top = Math.max(8, top) + 'px';
  };
  const hide = () => {
    tip.hidden = true;
    timeline.classList.remove('pointed');
  };
  const plotOf = (group) => group.querySelector('.plot').getBoundingClientRect();

  for (const group of groups) {
    const rows = rowsOf.get(group);
    group.tabIndex = 0;
    const point = (event) => {
      const plot = plotOf(group);
      const share = (event.clientX - plot.left) / plot.width;
      if (share < 0 || share > 1) return hide();
      step = Math.max(0, Math.min(steps - 1, Math.floor(share * data.width)));
      const row = rows.findIndex((each) => event.clientY <= each.getBoundingClientRect().bottom);
      shown = row < 0 ? rows.length - 1 : row;
      show(group, shown, event.clientX, event.clientY, false);
    };
    group.addEventListener('pointermove', point);
    group.addEventListener('pointerdown', point);
    group.addEventListener('pointerleave', hide);
    group.addEventListener('blur', hide);
    group.addEventListener('keydown', (event) => {
      const by = event.shiftKey ? leap : 1;
      const moves = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], Home: [-steps, 0], End: [steps, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      if (event.key === 'Escape') return hide();
      const move = moves[event.key];
      if (move === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      step = Math.max(0, Math.min(steps - 1, step + move[0]));
      shown = Math.max(0, Math.min(rows.length - 1, shown + move[1]));
      const plot = plotOf(group);
      const row = rows[shown].getBoundingClientRect();
      show(group, shown, plot.left + (plot.width * (step + 0.5)) / data.width, row.top, true);
    });
  }
  addEventListener('scroll', hide, { passive: true });
  addEventListener('resize', hide);
})();
`;
