/* The policy in force when the store does not give it, or gives another text. Attack ids: T-70. */
#include "server/scheduler.h"
#include "store/backend.h"
#include "tests/unit/verifier_world.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STRICT "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\",\"interval_s\":17}"
#define LAX "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\",\"interval_s\":18}"

/* --- A store that fails at will -----------------------------------------------------------------
 */

static enum { WHOLE, UNAVAILABLE, REPLACED, CUT, OVERTAKEN } store_is;
static struct scene *overtaken; /* whose policy is put while another one is loaded */

enum tb_store_status __real_tb_store_policy_current(struct tb_store *s, const char *group,
                                                    struct tb_policy_record *out,
                                                    struct tb_blob *text);
enum tb_store_status __wrap_tb_store_policy_current(struct tb_store *s, const char *group,
                                                    struct tb_policy_record *out,
                                                    struct tb_blob *text);
enum tb_store_status __wrap_tb_store_policy_current(struct tb_store *s, const char *group,
                                                    struct tb_policy_record *out,
                                                    struct tb_blob *text)
{
    enum tb_store_status status = __real_tb_store_policy_current(s, group, out, text);

    switch (store_is) {
    case WHOLE: break;
    case UNAVAILABLE: return TB_STORE_UNAVAILABLE;
    case REPLACED:
        tb_blob_clear(text);
        assert_true(tb_blob_set(text, tb_slice(LAX, strlen(LAX))));
        break;
    case CUT: text->len--; break;
    case OVERTAKEN: {
        const struct tb_policy *policy;

        store_is = WHOLE;
        world_policy(overtaken->w, LAX);
        assert_true(tb_verifier_policy(overtaken->w->v, "", overtaken->w->now_ms, &policy,
                                       &overtaken->a->why));
        assert_int_equal(policy->interval_s, 18);
        tb_verifier_policy_done(policy);
        break;
    }
    }
    return status;
}

static _Atomic unsigned n_told;
static char told[512];

static void note(const char *text)
{
    strncpy(told, text, sizeof told - 1);
    n_told++;
}

/* Another Verifier over the same store, with nothing cached. */
static void fresh_verifier(struct scene *s)
{
    tb_verifier_free(s->w->v);
    s->w->v = tb_verifier_new(
        &(struct tb_verifier_config){ .store = s->w->store, .ek_roots = NULL, .log = note });
    assert_non_null(s->w->v);
    n_told = 0;
}

static int set_up(void **state)
{
    store_is = WHOLE;
    if (scene_set_up(state) != 0)
        return -1;
    fresh_verifier(*state);
    world_policy(((struct scene *)*state)->w, STRICT);
    return 0;
}

/* A copy of it. */
static bool policy_of(struct scene *s, struct tb_policy *policy)
{
    const struct tb_policy *shared;

    if (!tb_verifier_policy(s->w->v, "", s->w->now_ms, &shared, &s->a->why))
        return false;
    *policy = *shared;
    tb_verifier_policy_done(shared);
    return true;
}

/* --- Tests --------------------------------------------------------------------------------------
 */

static void t70_a_policy_that_cannot_be_read_is_not_replaced_by_the_built_in_one(void **state)
{
    struct scene *s = *state;
    struct tb_policy policy;

    for (store_is = UNAVAILABLE; store_is < OVERTAKEN; store_is++) {
        fresh_verifier(s);
        for (unsigned i = 0; i < 3; i++) {
            assert_false(policy_of(s, &policy));
            assert_int_equal(s->a->why.status, 503);
            assert_string_equal(s->a->why.code, "policy-unreadable");
            assert_true(s->a->why.retry_after_s > 0);
        }
        assert_int_equal(n_told, 1);
        assert_non_null(strstr(told, "its hosts are not served"));
        assert_false(attempt_challenge(s->w, s->w->v, s->host, s->a));
        assert_string_equal(s->a->why.code, "policy-unreadable");
    }
    store_is = WHOLE;
    attest(s->w, s->host, TB_VERDICT_TRUSTED, "");
    assert_int_equal(n_told, 2);
    assert_non_null(strstr(told, "can be read again"));
}

static void t70_a_text_without_its_digest_is_named(void **state)
{
    struct scene *s = *state;
    struct tb_policy policy;

    store_is = REPLACED;
    assert_false(policy_of(s, &policy));
    assert_non_null(strstr(s->a->why.message, "does not have its digest"));
}

static void t70_the_last_good_policy_stays_while_another_cannot_be_read(void **state)
{
    struct scene *s = *state;
    const struct tb_policy *shared;
    struct tb_policy policy;

    assert_true(policy_of(s, &policy));
    for (store_is = UNAVAILABLE; store_is < OVERTAKEN; store_is++) {
        s->w->now_ms += 5000;
        memset(&policy, 0, sizeof policy);
        assert_true(policy_of(s, &policy));
        assert_int_equal(policy.interval_s, 17);
        tb_verifier_policy_changed(s->w->v);
        assert_true(policy_of(s, &policy));
        assert_int_equal(policy.interval_s, 17);
        assert_false(tb_verifier_policy_strict(s->w->v, "", s->w->now_ms, &shared, &s->a->why));
        assert_string_equal(s->a->why.code, "policy-unreadable");
        assert_int_equal(n_told, store_is);
        assert_non_null(strstr(told, "last good one"));
    }
    store_is = WHOLE;
    assert_true(tb_verifier_policy_strict(s->w->v, "", s->w->now_ms, &shared, &s->a->why));
    tb_verifier_policy_done(shared);
}

/* What was read then is not of now, and a failure then is not forgotten. */
static void t70_a_clock_that_is_set_back_makes_no_old_policy_fresh(void **state)
{
    struct scene *s = *state;
    const struct tb_policy *shared;
    struct tb_policy policy;

    assert_true(policy_of(s, &policy));
    s->w->now_ms -= 1;
    store_is = UNAVAILABLE;
    assert_false(tb_verifier_policy_strict(s->w->v, "", s->w->now_ms, &shared, &s->a->why));
    assert_true(policy_of(s, &policy)); /* the last good one */
    s->w->now_ms += 2;
    store_is = WHOLE;
    assert_true(tb_verifier_policy_strict(s->w->v, "", s->w->now_ms, &shared, &s->a->why));
    tb_verifier_policy_done(shared);
    assert_non_null(strstr(told, "can be read again"));
}

static void a_clock_at_its_beginning_keeps_no_policy_from_being_read(void **state)
{
    struct scene *s = *state;
    struct tb_policy policy;

    fresh_verifier(s);
    s->w->now_ms = 1;
    assert_true(policy_of(s, &policy));
}

static void evidence_under_way_is_refused_when_the_policy_cannot_be_read(void **state)
{
    struct scene *s = *state;
    struct tb_verifier *first = s->w->v;

    scene_prepare(s);
    attempt_sign(s->host, s->a);
    s->w->v = tb_verifier_new(&(struct tb_verifier_config){ .store = s->w->store });
    assert_non_null(s->w->v);
    tb_verifier_free(first);
    store_is = UNAVAILABLE;
    scene_not_sent(s, 503, "policy-unreadable");
}

static void an_enrolment_is_refused_when_the_policy_cannot_be_read(void **state)
{
    struct scene *s = *state;
    struct soft_host *other = host_new("beta");

    world_token(s->w, "another token", "", 1);
    store_is = UNAVAILABLE;
    enrol_refused(s->w, other, "another token", 503, "policy-unreadable");
    host_free(other);
}

static void a_policy_put_while_the_old_one_is_loaded_is_not_forgotten(void **state)
{
    struct scene *s = *state;
    struct tb_policy policy;

    overtaken = s;
    store_is = OVERTAKEN;
    assert_true(policy_of(s, &policy));
    assert_int_equal(store_is, WHOLE);
    assert_true(policy_of(s, &policy));
    assert_int_equal(policy.interval_s, 18);
}

/* --- The scheduler ------------------------------------------------------------------------------
 */

static _Atomic unsigned n_calls;

enum tb_store_status __wrap_tb_store_mark_silent(struct tb_store *s,
                                                 const struct tb_silence *silence,
                                                 const struct tb_store_by *by, tb_silent_fn fn,
                                                 void *ctx);
enum tb_store_status __wrap_tb_store_mark_silent(struct tb_store *s,
                                                 const struct tb_silence *silence,
                                                 const struct tb_store_by *by, tb_silent_fn fn,
                                                 void *ctx)
{
    size_t limit = silence->limit != 0 ? silence->limit : TB_STORE_PAGE_MAX;
    size_t n = ++n_calls < 3 ? limit : limit - 1;

    (void)s, (void)by;
    for (size_t i = 0; fn != NULL && i < n; i++)
        assert_true(fn(ctx, "id", TB_VERDICT_TRUSTED, TB_VERDICT_STALE));
    return TB_STORE_OK;
}

static void more_silent_hosts_than_one_call_marks_are_marked_at_once(void **state)
{
    struct scene *s = *state;
    struct tb_scheduler *scheduler;

    n_calls = 0;
    scheduler = tb_scheduler_start(s->w->store, s->w->v, 30, note);
    assert_non_null(scheduler);
    for (unsigned i = 0; i < 300 && n_calls < 3; i++)
        usleep(10000); /* the next turn is 5 s away */
    tb_scheduler_stop(scheduler);
    assert_int_equal(n_calls, 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(t70_a_policy_that_cannot_be_read_is_not_replaced_by_the_built_in_one),
        CASE(t70_a_text_without_its_digest_is_named),
        CASE(t70_the_last_good_policy_stays_while_another_cannot_be_read),
        CASE(t70_a_clock_that_is_set_back_makes_no_old_policy_fresh),
        CASE(a_clock_at_its_beginning_keeps_no_policy_from_being_read),
        CASE(evidence_under_way_is_refused_when_the_policy_cannot_be_read),
        CASE(an_enrolment_is_refused_when_the_policy_cannot_be_read),
        CASE(a_policy_put_while_the_old_one_is_loaded_is_not_forgotten),
        CASE(more_silent_hosts_than_one_call_marks_are_marked_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
