// What D3's functions answer to many inputs, as lines of text: run by tests/build/test_modules.py with the
// modules to ask, which together export `area`, `line`, `scaleLinear`, `scaleLog` and `ticks`.

const {area, line, scaleLinear, scaleLog, ticks} = Object.assign(
  {},
  ...(await Promise.all(process.argv.slice(2).map((place) => import(place)))),
);

let state = 1;
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
const size = () => 10 ** Math.floor(random() * 16 - 8);
const number = () => (random() - 0.5) * size();
const text = (value) => (Object.is(value, -0) ? '-0' : Array.isArray(value) ? `[${value.map(text).join(' ')}]` : String(value));
const tell = (name, ask) => {
  let answer;
  try {
    answer = text(ask());
  } catch (error) {
    answer = error.constructor.name;
  }
  console.log(`${name}: ${answer}`);
};

const SPECIFIERS = [undefined, '', 'd', '.2f', ',.1f', '+.3e', '.2s', 's', '.1%', '$,.2f', '~g', '(.3r', '#x', '08.2f', 'nonsense!'];
const pick = (values) => values[Math.floor(random() * values.length)];

function scale(name, own, inputs) {
  const count = Math.floor(random() * 14);
  tell(`${name} values`, () => inputs.map(own));
  tell(`${name} inverted`, () => inputs.map(own.invert));
  tell(`${name} ticks`, () => own.ticks(count));
  tell(`${name} default ticks`, () => own.ticks());
  for (const specifier of [undefined, pick(SPECIFIERS), pick(SPECIFIERS)]) {
    tell(`${name} ${count} ${specifier}`, () => own.ticks(count).map(own.tickFormat(count, specifier)));
  }
  tell(`${name} nice`, () => own.copy().nice(count || 10).domain());
  tell(`${name} clamped`, () => inputs.map(own.copy().clamp(true)));
  tell(`${name} rounded`, () => inputs.map(own.copy().rangeRound([0, 300 * random()])));
}

for (const odd of [[0, 0, 5], [1, 1, 5], [0, 1, 0], [0, 1, -1], [0, Infinity, 3], [NaN, 1, 3], [-0, 0.3, 3], [1, 0, 7]]) {
  tell(`ticks ${odd}`, () => ticks(...odd));
}
for (let round = 0; round < 300; round++) {
  const [a, b, c, from, middle, to] = Array.from({length: 6}, number);
  const inputs = [a, b, (a + b) / 2, number(), 0, NaN, -Infinity, '7', null, undefined];
  tell(`ticks ${a} ${b}`, () => ticks(a, b, 1 + Math.floor(random() * 20)));
  scale(`linear ${a} ${b}`, scaleLinear().domain([a, b]).range([from, to]), inputs);
  scale(`linear of three ${a} ${b} ${c}`, scaleLinear([a, b, c].sort((x, y) => x - y), [from, middle, to]).unknown('?'), inputs);
  const sign = random() < 0.3 ? -1 : 1;
  const ends = [sign * (Math.abs(a) || 1), sign * (Math.abs(b) || 1)];
  scale(`log ${ends}`, scaleLog().domain(ends).range([from, to]).base(pick([10, 2, Math.E, 3])), inputs.concat(ends));
}
tell('linear of an empty domain', () => scaleLinear([5, 5], [0, 10])(5));
tell('log across zero', () => scaleLog([-1, 10], [0, 1])(2));
tell('lists, which need d3-color', () => scaleLinear([0, 1], [[0, 10], [5, 20]])(0.25));
tell('colours, which need d3-color', () => scaleLinear([0, 1], ['red', 'blue'])(0.5));

for (let round = 0; round < 200; round++) {
  const points = Array.from({length: Math.floor(random() * 12)}, () => [number(), random() < 0.2 ? NaN : number(), number()]);
  const defined = ([, y]) => !Number.isNaN(y);
  const digits = pick([null, 0, 1, 3, 12, 20]);
  tell(`line ${round}`, () => line()(points));
  tell(`line with gaps ${round}`, () => line().defined(defined).digits(digits)(points));
  tell(`line by accessors ${round}`, () => line((p, i) => i, ([x]) => x)(points));
  tell(`area ${round}`, () => area()(points));
  tell(`area with gaps ${round}`, () => area().defined(defined).digits(digits).x(([x]) => x).y0(([, , z]) => z).y1(([, y]) => y)(points));
  tell(`area upright ${round}`, () => area().y(([, y]) => y).x0(0).x1(([x]) => x).digits(digits)(points));
  tell(`edges of an area ${round}`, () => ['lineX0', 'lineX1', 'lineY0', 'lineY1'].map((edge) => area().y0(3).defined(defined)[edge]()(points)));
}
tell('digits below zero', () => line().digits(-1));
