/* loader/smbios.h - the asset tag that the owner gave the machine. */
#ifndef TB_LOADER_SMBIOS_H
#define TB_LOADER_SMBIOS_H

#include "core/reader.h"

/* table: the structures, from the first on. The tag with its NUL, cut to fit; "": none. */
void tb_smbios_asset_tag(struct tb_reader table, char *out, size_t cap);

#endif
