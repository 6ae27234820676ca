// Draws a page's diagrams by the site's own Mermaid. It is large, so that only pages with a diagram load it, and it has to be
// there before the theme looks for it: the theme would load it from another server.
if (document.querySelector('.mermaid')) {
  const address = new URL('../mermaid.min.js', document.currentScript.src)
  document.write(`<script src="${address}"><\/script>`)
}
