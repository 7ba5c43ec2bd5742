/* User log and package metadata at the Verifier: sent once, held, and never believed by halves.
 * Attack ids: T-53, T-55, T-67. */
#include "tests/unit/verifier_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
    struct scene *s;

    if (scene_set_up(state) != 0)
        return -1;
    s = *state;
    s->host->user_log = tb_slice("what user space measured", 24);
    s->host->packages = tb_slice("manifests and signatures", 24);
    return 0;
}

static struct tb_reader blob(struct scene *s, const uint8_t *digest)
{
    static struct tb_blob b;

    tb_blob_clear(&b);
    assert_int_equal(tb_store_blob_get(s->w->store, digest, &b), TB_STORE_OK);
    return tb_slice(b.p, b.len);
}

static void attest_any(struct scene *s)
{
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    if (!attempt_send(s->w, s->w->v, s->a))
        fail_msg("%s: %s", s->a->why.code, s->a->why.message);
}

static void user_log_and_packages_are_sent_once(void **state)
{
    struct scene *s = *state;
    struct tb_host h;
    size_t first;

    attest_any(s);
    assert_false(s->a->challenge.has_held_user_log || s->a->challenge.has_held_packages);
    first = s->a->message.content.left;
    h = host_stored(s->w, s->host);
    assert_true(h.has_user_log && h.has_packages);
    assert_true(tb_slice_equal(blob(s, h.user_log_digest), s->host->user_log));
    assert_true(tb_slice_equal(blob(s, h.packages_digest), s->host->packages));
    for (int i = 0; i < 2; i++) {
        attest_any(s);
        assert_true(s->a->challenge.has_held_user_log && s->a->challenge.has_held_packages);
        assert_int_equal(s->a->content.user_log.left + s->a->content.packages.left, 0);
        assert_int_equal(s->a->message.content.left, first - 2 * (2 + 1 + 24));
        h = host_stored(s->w, s->host);
        assert_true(h.has_user_log && h.has_packages);
        world_reopen(s->w); /* a restart of the server changes nothing of it (T-67) */
    }
}

static void a_boot_is_kept_by_the_digests_of_both(void **state)
{
    struct scene *s = *state;
    struct tb_verifier_counters c[4];

    attest_any(s);
    attest_any(s);
    for (int i = 0; i < 4; i++) {
        if (i == 1)
            s->host->user_log.left--;
        if (i == 2)
            s->host->packages.left--;
        attest_any(s);
        tb_verifier_counters_read(s->w->v, &c[i]);
    }
    assert_int_equal(c[1].boot_hits, c[0].boot_hits);
    assert_int_equal(c[2].boot_hits, c[1].boot_hits);
    assert_int_equal(c[3].boot_hits, c[2].boot_hits + 1);
}

static void t55_parts_exchanged_after_the_quote_are_refused(void **state)
{
    struct scene *s = *state;
    struct tb_host h;

    for (int i = 0; i < 4; i++) {
        struct tb_reader *part = i % 2 == 0 ? &s->a->content.user_log : &s->a->content.packages;
        uint8_t *digest =
            i % 2 == 0 ? s->a->content.user_log_digest : s->a->content.packages_digest;
        struct tb_reader other = tb_slice("what another host signed", 24);
        uint8_t full[TB_DIGEST_MAX];

        scene_prepare(s);
        attempt_sign(s->host, s->a);
        *part = other;
        if (i >= 2) { /* the digest with it */
            assert_true(tb_hash(s->w->h, TB_BANK_SHA256, other, full));
            memcpy(digest, full, 32);
        }
        attempt_bind(s->w, s->host, s->a); /* the quote stays what it was */
        if (i < 2)
            scene_not_sent(s, 400, "evidence.format");
        else
            scene_sent(s, TB_VERDICT_FAILED, "quote.binding");
    }
    h = host_stored(s->w, s->host);
    assert_false(h.has_user_log || h.has_packages);
}

static void what_is_neither_sent_nor_held_is_asked_for_again(void **state)
{
    struct scene *s = *state;

    s->a->omit_chain = true;
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    scene_not_sent(s, 400, "evidence.complete");
    s->a->omit_chain = false;
    attest_any(s);
    s->host->packages.left--; /* another list than the one that is held */
    s->a->omit_chain = true;
    scene_prepare(s);
    attempt_sign(s->host, s->a);
    scene_not_sent(s, 400, "evidence.complete");
}

static void t53_after_a_reset_both_come_whole_or_are_what_is_held(void **state)
{
    static const char longer[] = "what user space measured, and more";
    struct scene *s = *state;
    struct tb_host h;

    attest_any(s);
    s->host->reset_count++;
    s->host->clock_ms += 1000;
    s->host->boot_id[0]++;
    s->host->user_log = tb_slice(longer, sizeof longer - 1);
    attest_any(s);
    assert_int_equal(s->a->content.user_log.left, sizeof longer - 1); /* not what it grew by */
    assert_int_equal(s->a->content.packages.left, 0);                 /* the same boot set */
    h = host_stored(s->w, s->host);
    assert_true(tb_slice_equal(blob(s, h.user_log_digest), s->host->user_log));
    scene_prepare(s); /* only what it grew by, with the digest of the whole */
    s->a->content.user_log = tb_slice(longer + 24, sizeof longer - 1 - 24);
    attempt_bind(s->w, s->host, s->a);
    attempt_sign(s->host, s->a);
    scene_not_sent(s, 400, "evidence.format");
}

static void an_agent_that_may_not_know_them_is_not_told_what_is_held(void **state)
{
    struct scene *s = *state;
    struct tb_host h;

    attest_any(s);
    s->host->agent_version = "0.0.9";
    s->host->user_log = s->host->packages = tb_slice(NULL, 0);
    attest_any(s);
    assert_false(s->a->challenge.has_held_user_log || s->a->challenge.has_held_packages);
    h = host_stored(s->w, s->host);
    assert_false(h.has_user_log || h.has_packages);
    attest_any(s);
    assert_false(s->a->challenge.has_held_user_log || s->a->challenge.has_held_packages);
}

int main(void)
{
#define SCENE(name) cmocka_unit_test_setup_teardown(name, set_up, scene_tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(user_log_and_packages_are_sent_once),
        SCENE(a_boot_is_kept_by_the_digests_of_both),
        SCENE(t55_parts_exchanged_after_the_quote_are_refused),
        SCENE(what_is_neither_sent_nor_held_is_asked_for_again),
        SCENE(t53_after_a_reset_both_come_whole_or_are_what_is_held),
        SCENE(an_agent_that_may_not_know_them_is_not_told_what_is_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
