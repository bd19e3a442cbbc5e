"use strict";
// Keys work as soon as the page is drawn, not only after a click.
new MutationObserver((_, seen) => {
  if (document.body.classList.contains("-loaded")) {
    seen.disconnect();
    document.querySelector("textarea").focus();
  }
}).observe(document.body, { attributeFilter: ["class"] });
