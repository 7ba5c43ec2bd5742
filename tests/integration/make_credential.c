/* Make a credential for an EK and a Name given as files, in the form that tpm2-tools read:
 * make_credential EK.tss NAME SECRET OUT. The EK is refused unless it is of the profile. */
#include "crypto/credential.h"

#include <stdio.h>

static struct tb_reader read_file(const char *path, uint8_t *buf, size_t len)
{
    FILE *f = fopen(path, "rb");
    size_t n = f == NULL ? 0 : fread(buf, 1, len, f);

    if (f != NULL)
        fclose(f);
    return tb_slice(buf, n);
}

static void put_tpm2b(FILE *f, const uint8_t *p, size_t n)
{
    fputc((int)(n >> 8), f);
    fputc((int)(n & 0xff), f);
    fwrite(p, 1, n, f);
}

int main(int argc, char **argv)
{
    /* tpm2-tools' own header: magic and version 1 */
    static const uint8_t head[] = { 0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1 };
    uint8_t ek_buf[2048], name_buf[128], secret_buf[128];
    struct tb_reader file, area;
    struct tb_credential c;
    struct tb_public ek;
    struct tb_reason why;
    FILE *f;

    if (argc != 5)
        return 2;
    file = read_file(argv[1], ek_buf, sizeof ek_buf);
    if (!tb_read_tpm2b(&file, &area) || file.left != 0)
        return 3;
    if (!tb_public_check_ek(area, &ek, &why)) {
        fprintf(stderr, "%s: expected %s, found %s\n", why.where, why.expected, why.observed);
        return 4;
    }
    if (!tb_credential_make(&ek, read_file(argv[2], name_buf, sizeof name_buf),
                            read_file(argv[3], secret_buf, sizeof secret_buf), &c))
        return 5;
    f = fopen(argv[4], "wb");
    if (f == NULL)
        return 6;
    fwrite(head, 1, sizeof head, f);
    put_tpm2b(f, c.blob, c.blob_len);
    put_tpm2b(f, c.secret, c.secret_len);
    return fclose(f) == 0 ? 0 : 6;
}
