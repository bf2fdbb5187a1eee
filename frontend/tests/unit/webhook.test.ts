import { expect, test } from "vitest";
import type { Delivery, Webhook } from "@/lib/types";
import { isPinged, lastOf, placeOf } from "@/lib/webhook";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const after = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();
const delivery = (more: Partial<Delivery>): Delivery => ({ id: "msg_1", event: "run.completed", status: "waiting", created_at: after(-300), attempts: 0, ...more });
const webhook = (last?: Delivery): Webhook => ({ id: "hook_1", url: "https://hooks.example.org/", readable: true, created_at: after(-900), ...(last === undefined ? {} : { last_delivery: last }) });
const said = (more: Partial<Delivery>) => lastOf(webhook(delivery(more)), NOW);

test("the last delivery is told in a sentence, with what follows", () => {
  expect(lastOf(webhook(), NOW)).toBe("Nothing was sent yet");
  expect(said({})).toBe("End of a run is being sent");
  expect(said({ status: "delivered", attempts: 1, attempted_at: after(-5) })).toBe("End of a run delivered now");
  expect(said({ status: "delivered", attempts: 3, attempted_at: after(-120) })).toBe("End of a run delivered 2 min ago, attempt 3");
  const failed = { attempts: 2, attempted_at: after(-60), error: "the receiver answered 500" };
  expect(said({ ...failed, next_attempt_at: after(30) })).toBe("End of a run failed 1 min ago, attempt 2: the receiver answered 500; again within a minute");
  expect(said({ ...failed, next_attempt_at: after(240) })).toMatch(/; again in 4 min$/);
  expect(said({ ...failed, next_attempt_at: after(7200) })).toMatch(/; again in 2 h$/);
  expect(said({ event: "ping", status: "failed", attempts: 1, attempted_at: after(-5), error: "no answer" })).toBe("Ping failed now: no answer");
  expect(said({ status: "failed", error: "the account was disabled" })).toBe("End of a run was not sent: the account was disabled");
});

test("what is in a query is not shown, and a ping is waited for", () => {
  expect(placeOf(webhook())).toBe("hooks.example.org");
  expect(placeOf({ url: "https://hooks.example.org:8443/a?token=b" })).toBe("hooks.example.org:8443/a?…");
  expect(isPinged(webhook(delivery({ event: "ping" })))).toBe(true);
  expect(isPinged(webhook(delivery({})))).toBe(false);
  expect(isPinged(webhook(delivery({ event: "ping", status: "failed" })))).toBe(false);
});
