/* server/ui/assets.h - the files of the page, embedded in the program.
 *
 * Each is there as it is and compressed; the ETag is made from the content at build time, so a page
 * of another build is never mixed with this one for longer than one request. */
#ifndef TB_SERVER_UI_ASSETS_H
#define TB_SERVER_UI_ASSETS_H

#include <stddef.h>
#include <stdint.h>

/* Content-Security-Policy of every answer that a browser may show: nothing inline, nothing from
 * elsewhere, in no frame. */
#define TB_UI_CSP                                                                                  \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "                \
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

struct tb_ui_asset {
    const char *path; /* of the request: "/", "/ui/app.js" */
    const char *content_type;
    const char *etag; /* with its quotes */
    const uint8_t *data;
    size_t len;
    const uint8_t *gz; /* the same, gzip */
    size_t gz_len;
};

/* The asset of a path; NULL if there is none. */
const struct tb_ui_asset *tb_ui_asset_find(const char *path);

/* By number, from 0; NULL at the end: for a server that has one route for each. */
const struct tb_ui_asset *tb_ui_asset_at(size_t i);

#endif
