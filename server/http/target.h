/* server/http/target.h - the texts of a request that this program reads itself: target, Host,
 * cookie, credentials, media type, length. Pure functions over zero-ended strings; RFC 9110, 9112,
 * 3986, 6265, 6750. Each accepts exactly what the grammar names and nothing near it. */
#ifndef TB_SERVER_HTTP_TARGET_H
#define TB_SERVER_HTTP_TARGET_H

#include "server/http/http.h"

struct tb_target {
    size_t n_segments;
    const char *segment[TB_HTTP_SEGMENTS_MAX]; /* decoded; the last is "" after a final '/' */
    size_t n_query;
    struct {
        const char *name, *value;
    } query[TB_HTTP_QUERY_MAX];
};

/* raw: origin form, at most TB_HTTP_TARGET_MAX bytes. store: strlen(raw) + 2 bytes that *out points
 * into; segments stand in it one behind the other, each with its zero. NULL: good; otherwise what
 * is wrong, and *out is not to be used. */
TB_MUST_CHECK const char *tb_target_parse(const char *raw, char *store, struct tb_target *out);

TB_MUST_CHECK bool tb_host_is_valid(const char *host); /* RFC 9112 3.2: name or address, port */
TB_MUST_CHECK bool tb_length_parse(const char *text, uint64_t *out); /* RFC 9110 8.6: digits only */
TB_MUST_CHECK bool tb_field_name_is_valid(const char *name, size_t len);
TB_MUST_CHECK bool tb_field_value_is_valid(const char *value, size_t len);
TB_MUST_CHECK bool tb_cookie_find(const char *header, const char *name, char *out, size_t out_size);
TB_MUST_CHECK bool tb_bearer_find(const char *header, char *out, size_t out_size);

/* Is the media type one of the words of accepts? No parameter but charset=utf-8. */
TB_MUST_CHECK bool tb_media_type_is_one_of(const char *value, const char *accepts);

/* Does Accept-Encoding allow gzip? A weight of 0 forbids it. */
TB_MUST_CHECK bool tb_accepts_gzip(const char *header);

/* Does If-None-Match name this entity tag? Weak comparison, RFC 9110 13.1.2. */
TB_MUST_CHECK bool tb_etag_matches(const char *header, const char *etag);

#endif
