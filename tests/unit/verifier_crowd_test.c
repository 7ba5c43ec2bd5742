/* Enrolment when there are too many of everything: what anybody can do without end must leave room
 * for those who have a token, and leave the audit log readable. */
#include "tests/unit/verifier_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
    *state = world_new(NULL);
    return 0;
}

static int tear_down(void **state)
{
    world_free(*state);
    return 0;
}

static void offers_under_way_are_bounded(void **state)
{
    struct world *w = *state;
    struct tb_verifier_config config = { .store = w->store, .offers_max = 2 };
    struct soft_host *host = host_new("alpha");
    struct enrolment *e = malloc(sizeof *e);

    tb_verifier_free(w->v);
    w->v = tb_verifier_new(&config);
    enrolment_begin(e, host, "");
    assert_true(enrolment_ask(w, e));
    assert_true(enrolment_ask(w, e));
    assert_false(enrolment_ask(w, e));
    assert_int_equal(e->why.status, 429);
    assert_true(e->why.retry_after_s > 0);
    w->now_ms += 60000;
    assert_true(enrolment_ask(w, e));
    free(e);
    host_free(host);
}

static void t62_a_full_table_of_offers_has_room_for_a_good_token(void **state)
{
    struct world *w = *state;
    struct tb_verifier_config config = { .store = w->store, .offers_max = 2 };
    struct soft_host *host = host_new("alpha");
    struct enrolment *e = malloc(sizeof *e);

    world_token(w, "good", "", 1);
    tb_verifier_free(w->v);
    w->v = tb_verifier_new(&config);
    enrolment_begin(e, host, "");
    assert_true(enrolment_ask(w, e));
    assert_true(enrolment_ask(w, e));
    enrolment_begin(e, host, "unknown");
    assert_false(enrolment_ask(w, e));
    assert_int_equal(e->why.status, 429);
    enrolment_begin(e, host, "good");
    assert_true(enrolment_ask(w, e));
    assert_true(enrolment_ask(w, e));
    assert_false(enrolment_ask(w, e)); /* that has an end too */
    assert_int_equal(e->why.status, 429);
    enrolment_prove(e, host);
    free(e);
    host_free(host);
}

static void t62_a_full_waiting_list_has_room_for_a_good_token(void **state)
{
    struct world *w = *state;
    struct tb_verifier_config config = { .store = w->store, .pending_max = 1 };
    struct soft_host *host[4] = { host_new("a"), host_new("b"), host_new("c"), host_new("d") };

    world_token(w, "good", "", 9);
    tb_verifier_free(w->v);
    w->v = tb_verifier_new(&config);
    enrol(w, host[0], "", TB_ENROL_PENDING);
    enrol_refused(w, host[1], "", 429, "waiting-list-full");
    enrol(w, host[2], "good", TB_ENROL_PENDING);
    enrol_refused(w, host[3], "good", 429, "waiting-list-full");
    for (size_t i = 0; i < 4; i++)
        host_free(host[i]);
}

static bool count_not_proved(void *ctx, const struct tb_audit_entry *e)
{
    if (strcmp(e->action, "enrol.not-proved") == 0)
        ++*(unsigned *)ctx;
    return true;
}

static unsigned n_not_proved(struct world *w)
{
    unsigned n = 0;

    assert_int_equal(
        tb_store_audit(w->store, &(struct tb_audit_query){ .limit = 1000 }, count_not_proved, &n),
        TB_STORE_OK);
    return n;
}

static void t62_an_activation_without_an_offer_leaves_nothing_in_the_audit_log(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct enrolment *e = malloc(sizeof *e);

    enrolment_begin(e, host, "");
    assert_true(enrolment_ask(w, e));
    enrolment_prove(e, host);
    for (unsigned i = 0; i < 5; i++) {
        e->activate.enrolment_id[0] ^= 1; /* there is no such offer, or, later, none any more */
        e->secret[0] ^= i == 1;
        assert_false(enrolment_activate(w, e));
        assert_string_equal(e->why.code, "identity.activation");
        assert_int_equal(n_not_proved(w), i >= 1); /* the one wrong secret */
    }
    assert_true(enrolment_ask(w, e));
    enrolment_prove(e, host);
    w->now_ms += 60000; /* too late */
    assert_false(enrolment_activate(w, e));
    assert_int_equal(n_not_proved(w), 1);
    free(e);
    host_free(host);
}

static void t62_wrong_proofs_are_in_the_audit_log_up_to_a_number_an_hour(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct enrolment *e = malloc(sizeof *e);

    enrolment_begin(e, host, "");
    for (unsigned i = 0; i < 63; i++) {
        if (i == 62)
            w->now_ms += 3600000;
        assert_true(enrolment_ask(w, e));
        enrolment_prove(e, host);
        e->secret[0] ^= 1;
        assert_false(enrolment_activate(w, e));
    }
    assert_int_equal(n_not_proved(w), 61);
    free(e);
    host_free(host);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Each evidence is written down, so a host that never pauses would be the only one served. */
static void t62_a_host_that_has_just_attested_waits_for_its_next_challenge(void **state)
{
    struct world *w = *state;
    struct tb_verifier_config config = { .store = w->store, .attest_gap_ms = 1000 };
    struct tb_store_by by = { .actor = "ops", .now_ms = w->now_ms };
    struct soft_host *host = host_new("alpha");
    struct attempt *a = attempt_new();

    world_token(w, "good", "", 1);
    tb_verifier_free(w->v);
    w->v = tb_verifier_new(&config);
    enrol(w, host, "good", TB_ENROL_PENDING);
    assert_int_equal(tb_store_host_approve(w->store, host->id, NULL, &by), TB_STORE_OK);
    attest(w, host, TB_VERDICT_TRUSTED, "");
    w->now_ms += 999;
    assert_false(attempt_challenge(w, w->v, host, a));
    assert_int_equal(a->why.status, 429);
    assert_string_equal(a->why.code, "too-soon");
    assert_int_equal(a->why.retry_after_s, 1);
    w->now_ms += 1;
    assert_true(attempt_challenge(w, w->v, host, a));
    w->now_ms -= 3600000; /* the Verifier's clock was set back */
    assert_true(attempt_challenge(w, w->v, host, a));
    attempt_free(a);
    host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(offers_under_way_are_bounded),
        CASE(t62_a_full_table_of_offers_has_room_for_a_good_token),
        CASE(t62_a_full_waiting_list_has_room_for_a_good_token),
        CASE(t62_an_activation_without_an_offer_leaves_nothing_in_the_audit_log),
        CASE(t62_a_host_that_has_just_attested_waits_for_its_next_challenge),
        CASE(t62_wrong_proofs_are_in_the_audit_log_up_to_a_number_an_hour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
