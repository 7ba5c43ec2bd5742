/* tests/unit/quote_samples.h - quotes of the corpus, in the files of other tools. */
#ifndef TB_TESTS_QUOTE_SAMPLES_H
#define TB_TESTS_QUOTE_SAMPLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>

#include "core/quote.h"

/* Bytes of base64 text, of which there is none for NULL; at most max. */
size_t sample_base64(const char *text, uint8_t *out, size_t max);
/* A file of the corpus' event logs; NULL if it is not there, which is counted. The caller frees. */
json_t *sample_json(const char *file);
uint8_t *sample_bytes(const char *file, size_t *len);
/* The values are those that the quote is over, by SHA-256. */
bool sample_has_digest(const struct tb_pcrs *pcrs, const struct tb_quote *q);
/* The last test of a program: skipped, with their number, if samples were not there. */
void samples_of_the_corpus_were_there(void **state);

#endif
