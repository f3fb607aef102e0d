/** The dashboard's page: a frame that the scripts fill. It holds no data and no key. */
import { html } from '../render/text/markup.ts'
import { ENTRY } from './scripts.ts'
import { startForm } from './start-form.ts'

const REFRESH_SECONDS = [1, 2, 5, 10, 30] as const
const DEFAULT_REFRESH = 2

/** How a reader gets in: by a function key that the page asks for, or by a login that the platform keeps. */
export type PageAuth = 'keys' | 'entra'

/** The platform's own addresses, beside /api. */
const SIGN_OUT = '../.auth/logout?post_logout_redirect_uri=/api/dashboard'

/** Addresses are relative to /api/, so that the page works behind any prefix. */
export const renderPage = (auth: PageAuth): string =>
  html`<!doctype html>
<html lang="en" data-auth="${auth}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Failover drills</title>
<link rel="stylesheet" href="dashboard/dashboard.css">
<link rel="icon" href="data:,">
</head>
<body>
<a class="skip" href="#view">Skip to the content</a>
<header class="top">
<a class="home" href="#/">Failover drills</a>
<nav aria-label="Dashboard"><a href="#/">Drills</a><a href="#/campaigns">Campaigns</a><a href="#/start">Start a drill</a>${auth === 'entra' && html`<a href="${SIGN_OUT}">Sign out</a>`}</nav>
<div class="link"><span id="connection" role="status"></span> <span id="updated"></span>
<label for="refresh">Refresh</label> <select id="refresh">${REFRESH_SECONDS.map((seconds) =>
    seconds === DEFAULT_REFRESH
      ? html`<option value="${String(seconds)}" selected>every ${String(seconds)} s</option>`
      : html`<option value="${String(seconds)}">every ${String(seconds)} s</option>`,
  )}<option value="0">off</option></select></div>
</header>
<main id="view" tabindex="-1" aria-busy="true"><p class="absent">Loading</p></main>
<dialog id="abort" aria-labelledby="abort-title"><form method="dialog">
<h2 id="abort-title"></h2>
<p id="abort-words"></p>
<p class="actions"><button value="keep" autofocus>Let it run</button> <button id="abort-confirm" value="abort" class="danger"></button></p>
</form></dialog>
<template id="start-form">${startForm()}</template>
<noscript><p class="absent">This page needs JavaScript. GET /api/drills returns the same.</p></noscript>
<script type="module" src="dashboard/${ENTRY}"></script>
</body>
</html>
`.text
