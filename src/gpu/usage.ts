/** WebGPU's flags by number: browsers have them as globals, Node has not. */
export const BUFFER_USE = { mapRead: 1, copySource: 4, copyTarget: 8, storage: 128 } as const;
export const MAP_READ = 1;
