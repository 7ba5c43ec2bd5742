/* tests/unit/small_names.h - the boot loader's verifier under names of its own, so that one test
 * can hold it beside OpenSSL's: crypto/bearssl/meson.build compiles it so. */
#ifndef TB_TESTS_SMALL_NAMES_H
#define TB_TESTS_SMALL_NAMES_H

#include "pkg/verify.h"

struct tb_vendors *small_vendors_new(void);
void small_vendors_free(struct tb_vendors *v);
TB_MUST_CHECK bool small_vendors_add(struct tb_vendors *v, struct tb_reader file, const char *name,
                                     struct tb_reason *why);
size_t small_vendors_count(const struct tb_vendors *v);
TB_MUST_CHECK bool small_code_verify(const struct tb_vendors *vendors, enum tb_code_scheme scheme,
                                     const struct tb_reader *chain, size_t n_chain,
                                     int64_t signed_s, const struct tb_reader *parts,
                                     size_t n_parts, struct tb_reader signature,
                                     struct tb_code_signer *out, struct tb_reason *why);
struct tb_hasher *small_hasher_new(void);
void small_hasher_free(struct tb_hasher *h);
TB_MUST_CHECK bool small_hash_parts(struct tb_hasher *h, enum tb_bank bank,
                                    const struct tb_reader *parts, size_t n,
                                    uint8_t out[TB_DIGEST_MAX]);
TB_MUST_CHECK bool small_hash(struct tb_hasher *h, enum tb_bank bank, struct tb_reader in,
                              uint8_t out[TB_DIGEST_MAX]);
TB_MUST_CHECK bool small_package_verify(const struct tb_package *p,
                                        const struct tb_package_rules *rules,
                                        struct tb_package_trust *out, struct tb_reason *why);
TB_MUST_CHECK bool small_payload_check(const struct tb_payload *payload, struct tb_reader bytes,
                                       struct tb_hasher *h, struct tb_reason *why);
TB_MUST_CHECK bool small_payload_digest(struct tb_payload *payload, struct tb_reader bytes,
                                        struct tb_hasher *h, struct tb_reason *why);
TB_MUST_CHECK bool small_revocations_verify(struct tb_reader text, struct tb_reader signatures,
                                            const struct tb_vendors *vendors,
                                            const struct tb_revocations *held,
                                            struct tb_revocations *out, struct tb_code_signer *who,
                                            struct tb_reason *why);

#endif
