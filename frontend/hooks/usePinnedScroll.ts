"use client";

import { useCallback, useLayoutEffect, useRef, useState, type DependencyList, type RefObject, type UIEvent } from "react";

/** Nearer to the end than this counts as at the end, px. */
const NEAR = 24;

/**
 * Keeps a scroller at its end while it grows, until somebody scrolls up; scrolling back to the end pins it again.
 *
 * `changes` lists what makes it grow.
 */
export function usePinnedScroll(scroller: RefObject<HTMLElement | null>, changes: DependencyList) {
  const [pinned, setPinned] = useState(true);
  const last = useRef(0);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element !== null && pinned) element.scrollTop = element.scrollHeight;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the caller says what changes
  }, [pinned, scroller, ...changes]);

  const onScroll = useCallback((event: UIEvent<HTMLElement>) => {
    const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
    const atEnd = scrollHeight - scrollTop - clientHeight <= NEAR;
    // Following only ever moves down: a way up is somebody's wish.
    if (atEnd) setPinned(true);
    else if (scrollTop < last.current) setPinned(false);
    last.current = scrollTop;
  }, []);

  return { pinned, pin: useCallback(() => setPinned(true), []), unpin: useCallback(() => setPinned(false), []), onScroll };
}
