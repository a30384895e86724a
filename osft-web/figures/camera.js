// An orthographic look at three dimensions: turns by yaw and pitch, and nothing else. Called by sphere.js and solid.js.
//
//   const look = camera({yaw: 30, pitch: 20});     degrees
//   look(x, y, z) -> [right, up, towards the reader]

/** @typedef {{yaw: number, pitch: number}} Orientation  in degrees */

/** @param {Orientation} orientation */
export function camera({yaw, pitch}) {
  const [cy, sy] = [Math.cos(yaw * Math.PI / 180), Math.sin(yaw * Math.PI / 180)];
  const [cp, sp] = [Math.cos(pitch * Math.PI / 180), Math.sin(pitch * Math.PI / 180)];
  /** @type {(x: number, y: number, z: number) => [number, number, number]} */
  return (x, y, z) => {
    const right = cy * x - sy * y;
    const away = sy * x + cy * y;
    return [right, cp * z + sp * away, sp * z - cp * away];
  };
}

/**
 * What a drag over a ball of that radius, or an arrow key, makes of an orientation.
 * @param {Orientation} from
 * @param {number} dx  pixels to the right
 * @param {number} dy  pixels down
 * @param {number} radius
 * @returns {Orientation}
 */
export function orbit(from, dx, dy, radius) {
  const degrees = 180 / (Math.PI * Math.max(1, radius));
  return {yaw: ((from.yaw + dx * degrees) % 360 + 360) % 360, pitch: Math.max(-90, Math.min(90, from.pitch + dy * degrees))};
}
