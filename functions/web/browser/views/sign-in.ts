/** Leads to the login of the platform, and from there back to the same view. */
import { html } from '../../../render/text/markup.ts'
import { find, show } from '../page/page.ts'
import type { View } from '../page/shell.ts'

export const signInView: View = (root) => {
  const here = encodeURIComponent(`${location.pathname}${location.hash}`)
  show(
    root,
    html`<h1>Sign in</h1>
<p class="lead">The dashboard needs a login of Microsoft Entra, and the one of this tab is missing or has ended.</p>
<p>Reading needs the app role Drill.Read, starting and aborting drills Drill.Run. An owner of this app's enterprise application assigns them.</p>
<p class="actions"><a class="button" id="sign-in" href="../.auth/login/aad?post_login_redirect_uri=${here}">Sign in</a></p>`,
  )
  find(root, '#sign-in', HTMLAnchorElement).focus({ preventScroll: true })
  return () => show(root, html``)
}
