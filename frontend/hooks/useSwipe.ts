"use client";

import { useRef, type TouchEvent } from "react";

/** A finger that goes at least so far sideways, px, in at most so long, ms. */
const FAR = 56;
const SOON = 600;
/** So near to the window's edge the browser has gestures of its own, px. */
const EDGE = 24;
/** Where there are tabs to touch and no room beside them. */
const PHONE = "(max-width: 767px)";

/**
 * Handlers for an element in which a swipe on a phone goes to what is beside it: `1` is the next, `-1` the one before.
 *
 * A finger that scrolls something sideways, selects text, holds, or is one of two, is no swipe.
 */
export function useSwipe(onSwipe: (by: 1 | -1) => void) {
  const began = useRef<{ x: number; y: number; at: number } | null>(null);
  return {
    onTouchStart: ({ touches, target, currentTarget, timeStamp: at }: TouchEvent<HTMLElement>) => {
      began.current = null;
      const touch = touches[0];
      if (touch === undefined || touches.length > 1 || !window.matchMedia(PHONE).matches || isTaken(target, currentTarget)) return;
      const { clientX: x, clientY: y } = touch;
      if (x >= EDGE && x <= window.innerWidth - EDGE) began.current = { x, y, at };
    },
    onTouchEnd: (event: TouchEvent<HTMLElement>) => {
      const [start, touch] = [began.current, event.changedTouches[0]];
      began.current = null;
      if (start === null || touch === undefined || event.timeStamp - start.at > SOON) return;
      const [x, y] = [touch.clientX - start.x, touch.clientY - start.y];
      if (Math.abs(x) < FAR || Math.abs(x) < 2 * Math.abs(y) || window.getSelection()?.isCollapsed === false) return;
      onSwipe(x < 0 ? 1 : -1);
    },
    onTouchCancel: () => {
      began.current = null;
    },
  };
}

/** Whether a finger on `target` does something else there: it moves a cursor, or scrolls what is wider than it is drawn. */
function isTaken(target: EventTarget, within: HTMLElement): boolean {
  if (!(target instanceof Element)) return true;
  if (target.closest("input, textarea, select") !== null) return true;
  for (let element: Element | null = target; element !== null && element !== within; element = element.parentElement) {
    if (element.scrollWidth > element.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(element).overflowX)) return true;
  }
  return false;
}
