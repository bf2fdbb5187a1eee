/** Where this browser remembers that keys without modifiers are to do nothing: speech input types letters by mistake. */
export const SINGLE_KEYS = "aideator.keys";
