// Turns a header and the numbers it describes into named outputs, without copying the numbers.
// Called by host.js for every answer.

/** @typedef {import('./protocol.js').Header} Header */
/** @typedef {import('./protocol.js').Outputs} Outputs */

/**
 * @param {Header} header
 * @param {Float64Array} values
 * @returns {Outputs}
 */
export function decode(header, values) {
  /** @type {Outputs} */
  const outputs = {};
  for (const [name, kind, shape, offset] of header.fields) {
    if (kind === 't') outputs[name] = header.texts[name];
    else if (kind === 'b') outputs[name] = values[offset] !== 0;
    else if (kind === 'f' || kind === 'i') outputs[name] = values[offset];
    else if (kind === 'y') outputs[name] = new Uint8Array(values.buffer, values.byteOffset + 8 * offset, shape[0]);
    else outputs[name] = {shape, values: values.subarray(offset, offset + shape.reduce((product, n) => product * n, 1))};
  }
  return outputs;
}
