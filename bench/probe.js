// Put into a page before its own scripts: notes for every answer when the hand moved, when the event came, when the DOM had
// it, when it was painted, and, where it is asked to watch them, when each frame began: a page that draws no frame by itself
// shows what is new at once, and with a frame on the way browsers hold answers back until it is seen. Used by
// bench/interaction.py and bench/peers.py; read as window.probe.
(() => {
  const nothing = () => ({answers: [], frames: [], events: 0, asked: 0, superseded: 0});
  const probe = window.probe = {
    ...nothing(),
    recording: false,
    live: 0,
    start(frames = false) {
      Object.assign(probe, nothing(), {recording: true});
      if (frames) requestAnimationFrame(frame);
    },
    stop: () => { probe.recording = false; },
    noted: () => ({...probe, start: null, stop: null, noted: null}),
  };
  let event = 0;
  let hand = 0;
  let painting = null;

  for (const type of ['pointerrawupdate', 'pointermove', 'input', 'keydown']) {
    addEventListener(type, ({timeStamp}) => {
      event = performance.now();
      if (type === 'input') return; // the browser's own consequence of what the hand did
      hand = timeStamp;
      if (probe.recording) probe.events += 1;
    }, {capture: true});
  }

  const afterPaint = (act) => requestAnimationFrame(() => {
    const {port1, port2} = new MessageChannel();
    port1.onmessage = act;
    port2.postMessage(0);
  });

  let shell;
  Object.defineProperty(window, 'osft', {
    configurable: true,
    get: () => shell,
    set(value) {
      shell = value;
      const {kernel} = value;
      const latest = kernel.latest.bind(kernel);
      kernel.latest = (name) => {
        const channel = latest(name);
        return {
          ask(call, args) {
            const one = {hand, event, elapsed: 0, dom: 0, painted: 0, recorded: probe.recording};
            if (probe.recording) probe.asked += 1;
            return channel.ask(call, args).then((answer) => {
              if (answer) {
                one.elapsed = answer.elapsed;
                painting = one;
              } else if (one.recorded) probe.superseded += 1;
              return answer;
            });
          },
        };
      };
    },
  });

  new MutationObserver(() => {
    if (!painting) return;
    const one = painting;
    painting = null;
    one.dom = performance.now();
    afterPaint(() => {
      one.painted = performance.now();
      probe.live ||= one.painted;
      if (one.recorded) probe.answers.push(one);
    });
  }).observe(document, {subtree: true, attributes: true, attributeFilter: ['data-revision']});

  const frame = (time) => {
    if (!probe.recording) return;
    probe.frames.push(time);
    requestAnimationFrame(frame);
  };
})();
