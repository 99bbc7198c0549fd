import { buildAsyncApi, buildOpenApi } from '@tidings/contracts';
import express, { Router, type RequestHandler, type Response } from 'express';
// The package's main file would load the whole user interface into this process.
import getAbsoluteFSPath from 'swagger-ui-dist/absolute-path.js';

// Everything from this server, no inline script; the page's own style sheet sets styles on elements.
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tidings API</title>
<link rel="stylesheet" href="/api/docs/assets/swagger-ui.css">
<link rel="icon" href="/api/docs/assets/favicon-32x32.png">
</head>
<body>
<div id="docs"></div>
<script src="/api/docs/assets/swagger-ui-bundle.js"></script>
<script src="/api/docs/init.js"></script>
</body>
</html>
`;

const init = `window.ui = SwaggerUIBundle({ url: '/api/openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null, displayRequestDuration: true });\n`;

/** `/api/openapi.json` and `/api/asyncapi.json`, generated from the contracts, and `/api/docs` to browse them. */
export function docs(): Router {
  const router = Router({ caseSensitive: true });
  // Whoever opens the printed address in a browser.
  router.get('/', (_req, res) => {
    res.redirect('/api/docs');
  });
  router.get('/api/openapi.json', document(buildOpenApi));
  router.get('/api/asyncapi.json', document(buildAsyncApi));
  router.get('/api/docs', (_req, res) => {
    res.setHeader('Content-Security-Policy', pagePolicy);
    res.type('html').send(page);
  });
  router.get('/api/docs/init.js', (_req, res) => {
    res.type('text/javascript').send(init);
  });
  // index.html of the package shows another API; only its assets are served.
  router.use('/api/docs/assets', express.static(getAbsoluteFSPath(), { index: false, maxAge: '1d', fallthrough: true }));
  return router;
}

/** The document is the same for the life of the process, and is built when it is first asked for. */
function document(build: () => unknown): RequestHandler {
  let text: string | undefined;
  return (_req, res: Response) => {
    text ??= JSON.stringify(build());
    res.type('application/json').setHeader('Cache-Control', 'public, max-age=60').send(text);
  };
}
