/* tests/unit/http_live_test.c - what takes time: deadlines, limits, parking, event streams,
 * stopping. */
#include "tests/unit/http_app.h"

static struct app app;

static bool one_is_parked(struct app *a)
{
    return atomic_load(&a->parked) != NULL;
}

static bool nothing_is_open(struct app *a)
{
    struct tb_http_counters c;

    tb_http_counters_read(a->server, &c);
    return c.open == 0;
}

static bool a_stream_is_open(struct app *a)
{
    struct tb_http_counters c;

    tb_http_counters_read(a->server, &c);
    return c.streams > 0;
}

/* Send a byte each 40 ms. -> milliseconds until the server closed, or -1. */
static int64_t trickle(int fd, const char *head, int within_ms)
{
    int64_t start = now_ms();
    char byte[16];

    put(fd, head);
    while (now_ms() - start < within_ms) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        if (send(fd, "a", 1, MSG_NOSIGNAL) < 0)
            return now_ms() - start;
        if (poll(&p, 1, 40) > 0 && recv(fd, byte, sizeof byte, 0) <= 0)
            return now_ms() - start;
    }
    return -1;
}

static void t61_trickled_heads_and_bodies_end_at_an_absolute_deadline(void **state)
{
    static const char *const heads[] = {
        "GET /v1/hosts/x HTTP/1.1\r\nHost: h\r\nX-A: ",
        "",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n",
        /* the second request of a kept connection */
        "GET /v1/hosts/x HTTP/1.1\r\nHost: h\r\n\r\nGET /v1/hosts/x HTTP/1.1\r\nHost: h\r\nX: ",
    };
    struct tb_http_config c = app_config(&app);
    struct tb_http_counters n;

    (void)state;
    c.head_ms = c.body_ms = 400;
    c.rate = 100000000;
    c.idle_ms = 500;
    app_start(&app, &c);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        int fd = dial(&app);
        int64_t took = trickle(fd, heads[i], 3000);

        close(fd);
        if (took < 300 || took > 2500)
            fail_msg("head %zu: closed after %lld ms", i, (long long)took);
    }
    tb_http_counters_read(app.server, &n);
    assert_int_equal(n.deadline_cut, 4);
    assert_true(wait_for(nothing_is_open, &app, 2000));
    app_stop(&app);
}

static void idle_connection_is_closed_and_a_slow_handler_is_not_cut(void **state)
{
    struct tb_http_config c = app_config(&app);
    int64_t start;
    int fd;

    (void)state;
    c.idle_ms = 300;
    c.write_ms = 300;
    app_start(&app, &c);
    fd = dial(&app);
    put(fd, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(wait_for(one_is_parked, &app, 2000));
    assert_false(get(fd, reply_text, sizeof reply_text, 800)); /* parked beyond every deadline */
    assert_true(tb_http_unpark(atomic_exchange(&app.parked, NULL), 200, "text/plain", "now", 3));
    start = now_ms();
    assert_true(get(fd, reply_text, sizeof reply_text, 2000));
    assert_non_null(strstr(reply_text, "now"));
    assert_in_range(now_ms() - start, 200, 1500);
    close(fd);
    app_stop(&app);
}

static void connections_over_the_limits_are_refused_and_counted(void **state)
{
    struct tb_http_config c = app_config(&app);
    struct tb_http_counters n;
    int fd[5], closed = 0;

    (void)state;
    for (int round = 0; round < 2; round++) {
        c.per_address_max = round == 0 ? 3 : 100;
        c.connections_max = round == 0 ? 100 : 3;
        app_start(&app, &c);
        closed = 0;
        for (int i = 0; i < 5; i++) {
            fd[i] = dial(&app);
            put(fd[i], "GET /v1/hosts/x HTTP/1.1\r\nHost: h\r\n\r\n");
            closed += get(fd[i], reply_text, sizeof reply_text, 200);
        }
        assert_int_equal(closed, 2);
        tb_http_counters_read(app.server, &n);
        assert_int_equal(round == 0 ? n.refused_address : n.refused_total, 2);
        for (int i = 0; i < 5; i++)
            close(fd[i]);
        assert_true(wait_for(nothing_is_open, &app, 2000));
        assert_int_equal(get_status(&app, "/v1/hosts/x", ""), 200); /* room again */
        app_stop(&app);
    }
}

static void t61_slow_connections_do_not_delay_a_normal_request(void **state)
{
    struct tb_http_config c = app_config(&app);
    int fd[200];
    int64_t start, worst = 0;

    (void)state;
    app_start(&app, &c);
    for (size_t i = 0; i < 200; i++) {
        fd[i] = dial(&app);
        put(fd[i],
            i % 2 ? "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n" : "GET /");
    }
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < 200; i++)
            put(fd[i], "a");
        start = now_ms();
        assert_int_equal(get_status(&app, "/v1/hosts/x", ""), 200);
        worst = now_ms() - start > worst ? now_ms() - start : worst;
        usleep(20000);
    }
    assert_true(worst < 500); /* on an idle machine 2 */
    for (size_t i = 0; i < 200; i++)
        close(fd[i]);
    app_stop(&app);
}

static void t62_bodies_together_have_a_limit(void **state)
{
    struct tb_http_config c = app_config(&app);
    static char text[70000];
    int fd, head;

    (void)state;
    c.bodies_max = 100000;
    app_start(&app, &c);
    head = sprintf(text, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n");
    memset(text + head, 'a', 59999); /* one byte is missing: it is held */
    fd = dial(&app);
    put(fd, text);
    usleep(100000);
    memset(text + head, 'a', 60000);
    talk(&app, text);
    assert_int_equal(status_of(reply_text), 503);
    assert_non_null(strstr(reply_text, "Retry-After: 1"));
    put(fd, "a");
    assert_false(get(fd, reply_text, sizeof reply_text, 300));
    assert_int_equal(status_of(reply_text), 200);
    close(fd);
    assert_true(wait_for(nothing_is_open, &app, 2000));
    talk(&app, text); /* its room was given back */
    assert_int_equal(status_of(reply_text), 200);
    app_stop(&app);
}

static void parked_request_is_answered_once_by_whoever_is_first(void **state)
{
    struct tb_http_config c = app_config(&app);
    struct tb_http_parked *p;
    int fd;

    (void)state;
    app_start(&app, &c);
    fd = dial(&app);
    for (int i = 0; i < 3; i++) { /* also on a kept connection */
        put(fd, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_true(wait_for(one_is_parked, &app, 2000));
        p = atomic_exchange(&app.parked, NULL);
        assert_true(tb_http_unpark(p, 202, "text/plain", "event", 5));
        reply_text[0] = '\0';
        assert_true(get_until(fd, reply_text, sizeof reply_text, "event", 2000));
        assert_int_equal(status_of(reply_text), 202);
    }
    put(fd, "GET /wait?short=1 HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(wait_for(one_is_parked, &app, 2000));
    p = atomic_exchange(&app.parked, NULL);
    reply_text[0] = '\0';
    assert_true(get_until(fd, reply_text, sizeof reply_text, "timeout", 2000));
    assert_int_equal(status_of(reply_text), 200);
    assert_false(tb_http_unpark(p, 202, "text/plain", "event", 5)); /* too late */
    put(fd, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(wait_for(one_is_parked, &app, 2000));
    tb_http_unpark_default(atomic_exchange(&app.parked, NULL));
    reply_text[0] = '\0';
    assert_true(get_until(fd, reply_text, sizeof reply_text, "timeout", 2000));
    close(fd);
    app_stop(&app);
}

static void client_that_leaves_while_parked_does_no_harm(void **state)
{
    struct tb_http_config c = app_config(&app);
    int fd;

    (void)state;
    app_start(&app, &c);
    fd = dial(&app);
    put(fd, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(wait_for(one_is_parked, &app, 2000));
    close(fd);
    usleep(50000);
    (void)tb_http_unpark(atomic_exchange(&app.parked, NULL), 200, "text/plain", "x", 1);
    assert_true(wait_for(nothing_is_open, &app, 2000));
    app_stop(&app);
}

static void *unpark_soon(void *arg)
{
    struct app *a = arg;

    for (int i = 0; i < 200; i++) {
        struct tb_http_parked *p;

        while ((p = atomic_exchange(&a->parked, NULL)) == NULL)
            sched_yield();
        (void)tb_http_unpark(p, 200, "text/plain", "go", 2);
    }
    return NULL;
}

static void parking_and_answering_race_without_loss(void **state)
{
    struct tb_http_config c = app_config(&app);
    pthread_t thread;
    int fd;

    (void)state;
    app_start(&app, &c);
    fd = dial(&app);
    assert_int_equal(pthread_create(&thread, NULL, unpark_soon, &app), 0);
    for (int i = 0; i < 200; i++) {
        put(fd, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
        reply_text[0] = '\0';
        assert_true(get_until(fd, reply_text, sizeof reply_text, "\r\n\r\ngo", 5000));
    }
    pthread_join(thread, NULL);
    close(fd);
    app_stop(&app);
}

static void events_reach_every_stream_in_order(void **state)
{
    struct tb_http_config c = app_config(&app);
    static char a[20000], b[20000];
    int fd[2];

    (void)state;
    app_start(&app, &c);
    for (int i = 0; i < 2; i++) {
        char *out = i == 0 ? a : b;

        out[0] = '\0';
        fd[i] = dial(&app);
        put(fd[i], "GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_true(get_until(fd[i], out, 20000, "event: hello\ndata: {}\n\n", 2000));
        assert_non_null(strstr(out, "Content-Type: text/event-stream"));
    }
    assert_int_equal(tb_http_hub_publish(app.hub, "verdict", "one\ntwo\r\nthree"), 2);
    assert_int_equal(tb_http_hub_publish(app.hub, "bad\nname", "x"), 0);
    for (int i = 0; i < 20; i++) {
        char text[20];

        sprintf(text, "n%d.", i);
        assert_int_equal(tb_http_hub_publish(app.hub, "verdict", text), 2);
    }
    for (int i = 0; i < 2; i++) {
        char *out = i == 0 ? a : b, *at = out;

        assert_true(get_until(fd[i], out, 20000, "n19.", 2000));
        assert_non_null(strstr(out, "event: verdict\ndata: one\ndata: two\ndata: three\n\n"));
        for (int n = 0; n < 20; n++) {
            char text[20];

            sprintf(text, "data: n%d.", n);
            at = strstr(at, text);
            assert_non_null(at);
        }
        assert_true(get_until(fd[i], out, 20000, ":\n\n", 2000)); /* heartbeat */
    }
    close(fd[0]);
    close(fd[1]);
    assert_true(wait_for(nothing_is_open, &app, 3000)); /* the heartbeat finds out */
    assert_int_equal(tb_http_hub_publish(app.hub, "verdict", "x"), 0);
    app_stop(&app);
}

static void client_that_does_not_read_events_is_dropped(void **state)
{
    struct tb_http_config c = app_config(&app);
    struct tb_http_counters n = { 0 };
    static char data[3000];
    int fd, small = 4096;

    (void)state;
    memset(data, 'd', sizeof data - 1);
    app_start(&app, &c);
    fd = dial(&app);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    put(fd, "GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(wait_for(a_stream_is_open, &app, 2000));
    for (int i = 0; i < 20000 && n.streams_dropped == 0; i++) {
        (void)tb_http_hub_publish(app.hub, "e", data);
        usleep(300); /* so that what fills is the client's side, not our own haste */
        tb_http_counters_read(app.server, &n);
    }
    assert_int_equal(n.streams_dropped, 1);
    assert_true(wait_for(nothing_is_open, &app, 3000));
    close(fd);
    app_stop(&app);
}

static void stop_is_clean_with_everything_open(void **state)
{
    struct tb_http_config c = app_config(&app);
    struct tb_http_parked *p;
    int fd[5];
    int64_t start;

    (void)state;
    c.grace_ms = 500;
    app_start(&app, &c);
    for (int i = 0; i < 5; i++)
        fd[i] = dial(&app);
    put(fd[1], "GET /v1/hosts/x HTTP/1.1\r\nHo");
    put(fd[2], "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    put(fd[3], "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    put(fd[4], "GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(wait_for(one_is_parked, &app, 2000));
    assert_true(wait_for(a_stream_is_open, &app, 2000));
    p = atomic_exchange(&app.parked, NULL);
    start = now_ms();
    app_stop(&app);
    assert_in_range(now_ms() - start, 0, 3000);
    assert_false(tb_http_unpark(p, 200, "text/plain", "x", 1)); /* the handle outlives the server */
    assert_true(get(fd[3], reply_text, sizeof reply_text, 1000));
    assert_int_equal(status_of(reply_text), 503);
    for (int i = 0; i < 5; i++) {
        assert_true(get(fd[i], reply_text, sizeof reply_text, 1000));
        close(fd[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t61_trickled_heads_and_bodies_end_at_an_absolute_deadline),
        cmocka_unit_test(idle_connection_is_closed_and_a_slow_handler_is_not_cut),
        cmocka_unit_test(connections_over_the_limits_are_refused_and_counted),
        cmocka_unit_test(t61_slow_connections_do_not_delay_a_normal_request),
        cmocka_unit_test(t62_bodies_together_have_a_limit),
        cmocka_unit_test(parked_request_is_answered_once_by_whoever_is_first),
        cmocka_unit_test(client_that_leaves_while_parked_does_no_harm),
        cmocka_unit_test(parking_and_answering_race_without_loss),
        cmocka_unit_test(events_reach_every_stream_in_order),
        cmocka_unit_test(client_that_does_not_read_events_is_dropped),
        cmocka_unit_test(stop_is_clean_with_everything_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
