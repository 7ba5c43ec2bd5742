/* init/settings.h - what init is told: by the kernel's command line and by small files.
 *
 * Pure functions over bytes that may come from anywhere: the command line's tail and the state
 * partition are not signed. */
#ifndef TB_INIT_SETTINGS_H
#define TB_INIT_SETTINGS_H

#include <netinet/in.h>

#include "pkg/lines.h"

/* The last word NAME or NAME=VALUE of the line; last, because the loader writes the set behind
 * what boot.conf appends. Value "" for NAME alone. False: there is none, or it does not fit. */
TB_MUST_CHECK bool tb_kernel_option(const char *command_line, const char *name, char *value,
                                    size_t cap);

/* dm-verity's parameters, beside the root hash: /trueboot/verity of the initrd.
 *
 *     data-blocks N       of TB_VERITY_BLOCK bytes
 *     hash-start N        the block of the image at which the hash tree begins
 *     hash sha512         or sha256
 *     salt HEX            at most 64 bytes */
#define TB_VERITY_BLOCK 4096
struct tb_verity {
    uint64_t data_blocks, hash_start;
    char hash[8];
    char salt[129]; /* hex */
};
TB_MUST_CHECK bool tb_verity_parse(struct tb_reader in, struct tb_verity *out,
                                   struct tb_reason *why);
/* The root hash's text: as many lower-case hex digits as the hash has, and nothing else. */
TB_MUST_CHECK bool tb_root_hash_is(struct tb_reader text, const struct tb_verity *v);

/* The first network interface: data/network of the state partition.
 *
 *     address ADDRESS/BITS
 *     gateway ADDRESS         may be left out
 *     nameserver ADDRESS      may be left out */
struct tb_network {
    struct in_addr address, mask;
    struct in_addr gateway, nameserver; /* 0: none */
};
TB_MUST_CHECK bool tb_network_parse(struct tb_reader in, struct tb_network *out,
                                    struct tb_reason *why);
/* The same from the kernel option trueboot.network=ADDRESS/BITS[,GATEWAY]. */
TB_MUST_CHECK bool tb_network_of_option(const char *value, struct tb_network *out);

#endif
