/** An invitation's link is `/login#invitation=TOKEN`: a fragment is not sent to servers, so no access log has it. */

/** The token in what somebody was sent: the link, or the token itself. */
export const invitationIn = (text: string): string => /aid_invite_[\w-]+/.exec(text)?.[0] ?? text.trim();

/** Takes the token out of the page's address, so that neither the browser's history nor a copied address keeps it. */
export function takeInvitation(): string | null {
  const found = new URLSearchParams(window.location.hash.slice(1)).get("invitation");
  if (found !== null) window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  return found;
}
