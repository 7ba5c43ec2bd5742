/* Writes the seeds of the fuzz target appraise_packages: boots of our own chain, each with the
 * roots of its vendors in front. Run by hand: make_chain_seeds DIRECTORY. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/chain_world.h"

static void put(FILE *f, struct tb_reader part)
{
    const uint8_t len[] = { (uint8_t)(part.left >> 24), (uint8_t)(part.left >> 16),
                            (uint8_t)(part.left >> 8), (uint8_t)part.left };

    assert_true(fwrite(len, sizeof len, 1, f) == 1);
    assert_true(fwrite(part.p, 1, part.left, f) == part.left);
}

static void write_seed(const char *directory, const char *name, struct chain *c)
{
    char path[512];
    FILE *f;

    chain_appraise(c);
    printf("%s: %s\n", name, tb_verdict_name(c->result.verdict));
    snprintf(path, sizeof path, "%s/%s", directory, name);
    f = fopen(path, "wb");
    assert_non_null(f);
    for (size_t i = 0; i < 2; i++)
        put(f, tb_policy_slice(&c->policy, c->policy.packages.vendor[i]));
    put(f, c->in.log);
    put(f, c->in.user_log);
    assert_true(fwrite(c->in.packages.p, 1, c->in.packages.left, f) == c->in.packages.left);
    assert_int_equal(fclose(f), 0);
    chain_free(c);
}

int main(int argc, char **argv)
{
    struct chain *c;

    assert_int_equal(argc, 2);
    chain_vendors_make(NULL);
    c = chain_new();
    c->banks = LOG_BANK(TB_BANK_SHA256);
    chain_records(c);
    chain_finish(c);
    write_seed(argv[1], "good", c);

    c = chain_new();
    c->append = "debug";
    c->package[HELLO].by = chain_foreign_vendor;
    chain_records(c);
    chain_find(c, TB_RECORD_VERDICT, 0)->r.code = tb_slice("fail", 4);
    chain_find(c, TB_RECORD_VERDICT, 0)->r.faults = 2;
    chain_find(c, TB_RECORD_CHECKED, 1)->r.code = tb_slice("package.payload", 15);
    chain_finish(c);
    write_seed(argv[1], "bad", c);

    c = chain_new();
    c->set = 'b';
    c->n_packages = 2;
    chain_records(c);
    chain_add(c, 14,
              &(struct tb_record){ .kind = TB_RECORD_FALLBACK,
                                   .set = 'a',
                                   .to = 'b',
                                   .code = tb_slice("boot.incomplete", 15) });
    chain_add(c, 11, &(struct tb_record){ .kind = TB_RECORD_RESCUE });
    chain_finish(c);
    write_seed(argv[1], "fallback", c);
    chain_vendors_free(NULL);
    return 0;
}
