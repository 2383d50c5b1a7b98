import { createHash } from 'node:crypto'
import { docsScript } from './docs-script.ts'
import { docsStyle } from './docs-style.ts'

/** The documentation page: one text without anything to fetch but /openapi.json, so that it works offline. */
export function docsPage(): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Portico: API</title>
<link rel="icon" href="data:,">
<style>${docsStyle}</style>
</head>
<body>
<header><h1 id="title">API</h1><p id="about"></p><label for="filter">Filter</label> <input id="filter" type="search" placeholder="path, operation or words" autocomplete="off"></header>
<nav id="nav" aria-label="Bindings"></nav>
<main id="main"><p>Loading <a href="/openapi.json">/openapi.json</a> …</p><noscript>This page needs JavaScript; <a href="/openapi.json">/openapi.json</a> says the same.</noscript></main>
<script>${docsScript}</script>
</body>
</html>
`
}

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Only this very script and style run, and only this server is asked. */
export const docsPolicy = `default-src 'none'; script-src ${hash(docsScript)}; style-src ${hash(docsStyle)}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
