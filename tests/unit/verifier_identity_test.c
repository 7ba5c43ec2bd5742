/* Identity in the field at the Verifier. Attack ids: T-17, T-25, T-26, T-28, T-64, T-73. */
#include "tests/unit/roca_key.h"
#include "tests/unit/verifier_world.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <openssl/ec.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static EVP_PKEY *root_key;
static struct test_bytes root;

static int set_up_keys(void **state)
{
    struct test_cert c = { .subject = "Test Root",
                           .basic = "critical,CA:TRUE",
                           .key_usage = "critical,keyCertSign" };

    (void)state;
    root_key = EVP_EC_gen("P-256");
    c.key = root_key;
    test_cert_make(&c, &root);
    return 0;
}

static int drop_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(root_key);
    return 0;
}

static int set_up(void **state)
{
    struct tb_roots *roots = tb_roots_new();
    struct tb_reason why;

    assert_true(tb_roots_add(roots, test_slice(&root), "root", &why));
    *state = world_new(roots);
    return 0;
}

static int tear_down(void **state)
{
    world_free(*state);
    return 0;
}

static struct test_cert good_cert(const struct soft_host *host)
{
    return (struct test_cert){ .key = host->ek,
                               .issuer = "Test Root",
                               .issuer_key = root_key,
                               .basic = "critical,CA:FALSE",
                               .key_usage = "critical,keyAgreement,keyEncipherment",
                               .extended = "2.23.133.8.1",
                               .tcg_alt_name = true };
}

/* Enrols with a token and this certificate (NULL: none), and what `change` does to the request. */
static void enrol_with(struct world *w, struct soft_host *host, const struct test_cert *c,
                       void (*change)(struct tb_enrol_request *r), enum tb_enrol_state state)
{
    struct enrolment *e = malloc(sizeof *e);
    struct test_bytes cert;

    enrolment_begin(e, host, "token");
    if (c != NULL) {
        test_cert_make(c, &cert);
        e->request.ek_certificate = test_slice(&cert);
    }
    if (change != NULL)
        change(&e->request);
    assert_true(enrolment_ask(w, e));
    enrolment_prove(e, host);
    if (!enrolment_activate(w, e))
        fail_msg("activate: %s: %s", e->why.code, e->why.message);
    assert_int_equal(e->reply.state, state);
    memcpy(host->id, e->reply.host_id, sizeof host->id);
    memcpy(host->token, e->reply.host_token, sizeof host->token);
    free(e);
}

struct sought {
    const char *code;
    bool found;
    char text[TB_STORE_TEXT_MAX + 1];
};

static bool seek(void *ctx, const struct tb_incident *i)
{
    struct sought *s = ctx;

    if (strcmp(i->code, s->code) == 0) {
        s->found = true;
        snprintf(s->text, sizeof s->text, "%s", i->text);
    }
    return true;
}

static struct sought incident(struct world *w, const struct soft_host *host, const char *code)
{
    struct tb_incident_query query = { .host_id = host->id, .limit = 100 };
    struct sought s = { .code = code };

    assert_int_equal(tb_store_incidents(w->store, &query, seek, &s), TB_STORE_OK);
    return s;
}

/* ---- T-17: expired is not untrusted ---- */

static void t17_the_policy_decides_what_an_expired_certificate_means(void **state)
{
    static const struct {
        const char *severity;
        enum tb_enrol_state state;
        bool told;
    } cases[] = { { "required", TB_ENROL_PENDING, true },
                  { "advisory", TB_ENROL_ACTIVE, true },
                  { "inform", TB_ENROL_ACTIVE, false } };
    struct world *w = *state;
    char policy[160], name[16];

    world_token(w, "token", "", 3);
    for (size_t i = 0; i < 3; i++) {
        struct soft_host *host;
        struct test_cert c;
        struct sought s;

        snprintf(name, sizeof name, "host-%zu", i);
        host = host_new(name);
        c = good_cert(host);
        c.not_after_s = w->now_ms / 1000 - 1;
        snprintf(policy, sizeof policy,
                 "{\"format\":1,\"name\":\"test\",\"checks\":{\"identity.ek-expired\":\"%s\"}}",
                 cases[i].severity);
        world_policy(w, policy);
        enrol_with(w, host, &c, NULL, cases[i].state);
        assert_int_equal(host_stored(w, host).ek_basis, cases[i].state == TB_ENROL_ACTIVE
                                                            ? TB_EK_BASIS_CERTIFICATE
                                                            : TB_EK_BASIS_NONE);
        s = incident(w, host, "identity.ek-expired");
        assert_int_equal(s.found, cases[i].told);
        if (s.found)
            assert_non_null(strstr(s.text, "expired: expected a time up to "));
        assert_false(incident(w, host, "identity.ek-certificate").found);
        if (cases[i].state == TB_ENROL_ACTIVE)
            attest(w, host, TB_VERDICT_TRUSTED, "");
        host_free(host);
    }
}

static void the_policy_of_the_tokens_group_judges_the_enrolment(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");

    world_policy_of(w, "lab", "{\"format\":1,\"name\":\"lab\",\"ek_trust\":\"token\"}");
    world_token(w, "token", "lab", 1);
    enrol_with(w, host, NULL, NULL, TB_ENROL_ACTIVE);
    assert_string_equal(host_stored(w, host).group, "lab");
    host_free(host);
}

/* An expired certificate of an unknown root is untrusted, whatever the policy says of dates. */
static void t17_an_expired_certificate_of_an_unknown_root_stays_untrusted(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct test_cert c = good_cert(host);

    world_token(w, "token", "", 1);
    world_policy(w, "{\"format\":1,\"name\":\"test\","
                    "\"checks\":{\"identity.ek-expired\":\"inform\"}}");
    c.not_after_s = w->now_ms / 1000 - 1;
    c.issuer = "Other Root";
    enrol_with(w, host, &c, NULL, TB_ENROL_PENDING);
    assert_true(incident(w, host, "identity.ek-certificate").found);
    host_free(host);
}

/* ---- T-64: addresses in a certificate are text ---- */

static int listen_somewhere(unsigned *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static void t64_the_address_of_a_missing_issuer_is_told_and_never_opened(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct test_cert c = good_cert(host);
    struct sought s;
    unsigned port;
    char aia[128], told[96];
    int fd = listen_somewhere(&port);

    world_token(w, "token", "", 1);
    c.issuer = "Nobody";
    snprintf(aia, sizeof aia,
             "caIssuers;URI:http://127.0.0.1:%u/i.crt,OCSP;URI:http://127.0.0.1:%u", port, port);
    snprintf(told, sizeof told, "found http://127.0.0.1:%u/i.crt", port);
    c.aia = aia;
    enrol_with(w, host, &c, NULL, TB_ENROL_PENDING);
    s = incident(w, host, "identity.ek-certificate");
    assert_non_null(strstr(s.text, "missing issuer: expected CN=Nobody"));
    assert_non_null(strstr(s.text, told));
    assert_int_equal(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 100), 0);
    close(fd);
    host_free(host);
}

/* ---- T-25 ---- */

static void calls_itself_infineon(struct tb_enrol_request *r)
{
    snprintf(r->tpm.manufacturer, sizeof r->tpm.manufacturer, "IFX");
}

static void t25_without_a_certificate_the_class_is_the_tpms_own_word(void **state)
{
    struct world *w = *state;
    struct soft_host *claims = host_new("claims"), *proves = host_new("proves");
    struct test_cert c = good_cert(proves);

    world_policy(w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\"}");
    world_token(w, "token", "", 2);
    enrol_with(w, claims, NULL, calls_itself_infineon, TB_ENROL_ACTIVE);
    assert_string_equal(host_stored(w, claims).facts.tpm_class, "discrete");
    assert_int_equal(host_stored(w, claims).ek_basis, TB_EK_BASIS_TOKEN);
    c.manufacturer = "id:494E5443";
    enrol_with(w, proves, &c, calls_itself_infineon, TB_ENROL_ACTIVE);
    assert_string_equal(host_stored(w, proves).facts.tpm_class, "firmware");
    assert_int_equal(host_stored(w, proves).ek_basis, TB_EK_BASIS_CERTIFICATE);
    host_free(claims);
    host_free(proves);
}

/* A certificate that leads to a root and names no maker proves no class, whatever the host says. */
static void t25_a_certificate_without_a_maker_does_not_make_the_hosts_word_proved(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct test_cert c = good_cert(host);

    world_policy(w, "{\"format\":1,\"name\":\"test\",\"tpm_classes\":[\"discrete\"]}");
    world_token(w, "token", "", 1);
    c.tcg_alt_name = false;
    enrol_with(w, host, &c, calls_itself_infineon, TB_ENROL_ACTIVE);
    assert_int_equal(host_stored(w, host).ek_basis, TB_EK_BASIS_CERTIFICATE);
    assert_string_equal(host_stored(w, host).facts.tpm_class, "unknown");
    assert_string_equal(host_stored(w, host).facts.tpm_manufacturer, "");
    attest(w, host, TB_VERDICT_FAILED, "identity.tpm-class");
    host_free(host);
}

/* ---- T-26 ---- */

#define INTEL_ADVISORY                                                                             \
    "{\"format\":1,\"name\":\"test\",\"advisories\":[{\"name\":\"SA\",\"vendor\":\"INTC\","        \
    "\"firmware_from\":\"0.0.0.0\",\"firmware_to\":\"65535.65535.65535.65535\"}]}"

static void t26_the_certificate_says_who_made_the_tpm_and_another_word_is_told(void **state)
{
    struct world *w = *state;
    struct soft_host *lies = host_new("lies"), *true_one = host_new("true");
    struct test_cert c = good_cert(lies), d = good_cert(true_one);
    struct sought s;

    world_policy(w, INTEL_ADVISORY);
    world_token(w, "token", "", 2);
    c.manufacturer = "id:494E5443";
    enrol_with(w, lies, &c, calls_itself_infineon, TB_ENROL_ACTIVE);
    assert_string_equal(host_stored(w, lies).facts.tpm_manufacturer, "INTC");
    s = incident(w, lies, "identity.platform");
    assert_true(s.found);
    assert_non_null(strstr(s.text, "TPM maker: expected INTC, found IFX"));
    attest(w, lies, TB_VERDICT_CHANGED, "identity.tpm-advisory");
    enrol_with(w, true_one, &d, NULL, TB_ENROL_ACTIVE); /* "IBM" and 0x1014 are one maker */
    assert_string_equal(host_stored(w, true_one).facts.tpm_manufacturer, "IBM");
    assert_false(incident(w, true_one, "identity.platform").found);
    attest(w, true_one, TB_VERDICT_TRUSTED, "");
    host_free(lies);
    host_free(true_one);
}

static void send_with_maker(struct scene *s, const char *maker, enum tb_verdict verdict,
                            const char *headline)
{
    s->host->clock_ms += 1000;
    scene_prepare(s);
    snprintf(s->a->content.tpm.manufacturer, sizeof s->a->content.tpm.manufacturer, "%s", maker);
    attempt_bind(s->w, s->host, s->a);
    attempt_sign(s->host, s->a);
    scene_sent(s, verdict, headline);
}

static void t26_evidence_that_names_another_maker_is_told(void **state)
{
    struct scene *s = *state;

    send_with_maker(s, "IBM", TB_VERDICT_TRUSTED, "");
    send_with_maker(s, "IFX", TB_VERDICT_CHANGED, "identity.platform");
    assert_string_equal(s->a->answer.reason[0].expected, "IBM");
    assert_string_equal(s->a->answer.reason[0].observed, "IFX");
    send_with_maker(s, "", TB_VERDICT_TRUSTED, "");
}

static void t26_a_host_with_a_roca_key_waits_and_then_fails(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new_with("weak", roca_key_new());
    struct test_cert c = good_cert(host);
    struct tb_store_by by = { .actor = "ops", .now_ms = w->now_ms };
    struct sought s;

    world_token(w, "token", "", 1);
    enrol_with(w, host, &c, NULL, TB_ENROL_PENDING);
    assert_int_equal(host_stored(w, host).ek_basis, TB_EK_BASIS_NONE);
    s = incident(w, host, "identity.roca");
    assert_true(s.found);
    assert_non_null(strstr(s.text, "endorsement key"));
    assert_int_equal(tb_store_host_approve(w->store, host->id, NULL, &by), TB_STORE_OK);
    attest(w, host, TB_VERDICT_FAILED, "identity.roca");
    attest(w, host, TB_VERDICT_FAILED, "identity.roca"); /* from the cache */
    world_policy(w, "{\"format\":1,\"name\":\"test\","
                    "\"checks\":{\"identity.roca\":\"advisory\"}}");
    tb_verifier_policy_changed(w->v);
    attest(w, host, TB_VERDICT_CHANGED, "identity.roca");
    host_free(host);
}

/* ---- T-28 ---- */

static void send_with_serial(struct scene *s, const char *serial, enum tb_verdict verdict,
                             const char *headline)
{
    s->host->clock_ms += 1000;
    scene_prepare(s);
    snprintf(s->a->content.serial, sizeof s->a->content.serial, "%s", serial);
    attempt_bind(s->w, s->host, s->a);
    attempt_sign(s->host, s->a);
    scene_sent(s, verdict, headline);
}

static void t28_evidence_from_another_machine_than_the_enrolled_is_told(void **state)
{
    struct scene *s = *state;

    send_with_serial(s, "S-1", TB_VERDICT_TRUSTED, "");
    send_with_serial(s, "S-2", TB_VERDICT_CHANGED, "identity.platform");
    assert_string_equal(s->a->answer.reason[0].expected, "S-1");
    assert_string_equal(s->a->answer.reason[0].observed, "S-2");
    send_with_serial(s, "S-2", TB_VERDICT_CHANGED, "identity.platform");
    send_with_serial(s, "S-1", TB_VERDICT_TRUSTED, "");
    send_with_serial(s, "", TB_VERDICT_TRUSTED, "");
}

static void of_another_machine(struct tb_enrol_request *r)
{
    snprintf(r->platform.serial, sizeof r->platform.serial, "S-2");
    snprintf(r->host_name, sizeof r->host_name, "beta");
}

static void t28_a_tpm_that_asks_again_from_another_machine_is_told_with_both_numbers(void **state)
{
    struct world *w = *state;
    struct soft_host *host = host_new("alpha");
    struct enrolment *e = malloc(sizeof *e);
    struct sought s;

    world_policy(w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\"}");
    world_token(w, "token", "", 5);
    enrol_with(w, host, NULL, NULL, TB_ENROL_ACTIVE);
    for (int other = 0; other < 2; other++) {
        enrolment_begin(e, host, "token");
        if (other)
            of_another_machine(&e->request);
        assert_true(enrolment_ask(w, e));
        enrolment_prove(e, host);
        assert_false(enrolment_activate(w, e));
        assert_string_equal(e->why.code, "identity.duplicate");
        assert_true(incident(w, host, "identity.duplicate").found);
        s = incident(w, host, "identity.platform");
        assert_int_equal(s.found, other);
    }
    assert_non_null(strstr(s.text, "serial number: expected S-1, found S-2"));
    assert_string_equal(host_stored(w, host).facts.serial, "S-1");
    free(e);
    host_free(host);
}

/* ---- T-73: the words of a verdict are the Verifier's ---- */

static const char *const hostile[] = {
    "Secure Boot was on",      "<b>trusted</b>",     "%s%n%x",
    "{\"title\":\"trusted\"}", "');DROP TABLE host", "tr\xc3\xbcsted",
    "=cmd|' /C calc'!A0",      "${jndi:x}",
};

static void put(char *out, size_t room, const char *text)
{
    snprintf(out, room, "%.*s", (int)room - 1, text);
}

static const char *strings; /* what the host says of itself everywhere; NULL: the usual */

static void say_everywhere(struct tb_enrol_request *r)
{
    if (strings == NULL)
        return;
    put(r->tpm.manufacturer, sizeof r->tpm.manufacturer, strings);
    put(r->tpm.vendor, sizeof r->tpm.vendor, strings);
    put(r->platform.vendor, sizeof r->platform.vendor, strings);
    put(r->platform.product, sizeof r->platform.product, strings);
    put(r->platform.serial, sizeof r->platform.serial, strings);
    put(r->platform.os, sizeof r->platform.os, strings);
    put(r->platform.kernel, sizeof r->platform.kernel, strings);
    put(r->agent_version, sizeof r->agent_version, strings);
}

/* Letters of the loader's path, which no digest covers, become those of the text. */
static void say_in_the_path(struct log_builder *log)
{
    struct log_item *item = log_find(log, 4, TB_EV_EFI_BOOT_SERVICES_APPLICATION, 0);
    uint8_t data[512];
    const char *p = strings;

    assert_true(item->data_len <= sizeof data);
    memcpy(data, item->data, item->data_len);
    for (size_t i = 0; i + 1 < item->data_len && *p != '\0'; i++)
        if (data[i] >= 'A' && data[i] <= 'z' && data[i + 1] == 0 && (uint8_t)*p < 0x80)
            data[i] = (uint8_t)*p++;
    log_set_data(log, item, tb_slice(data, item->data_len));
}

static void secure_boot_off(struct log_builder *log)
{
    struct log_item *item = log_find_variable(log, TB_EV_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot");
    struct tb_reader off = log_uefi_variable(log, log_guid_global, "SecureBoot", tb_slice("\0", 1));

    log_set_data(log, item, off);
    log_rehash(log, item, off);
}

/* Verdict, headline, and code, title, cause and next step of each finding, as one text. */
static char *words_of(struct world *w, const struct soft_host *host, const struct attempt *a)
{
    struct tb_host stored = host_stored(w, host);
    struct tb_blob blob = { 0 };
    json_t *result, *finding;
    char *words = NULL;
    size_t i;

    assert_int_equal(tb_store_blob_get(w->store, stored.result_digest, &blob), TB_STORE_OK);
    result = json_loadb((const char *)blob.p, blob.len, 0, NULL);
    assert_non_null(result);
    assert_true(asprintf(&words, "%s|%s|%s|%s|%s", tb_verdict_name(stored.verdict),
                         stored.headline_code, stored.headline, a->answer.headline,
                         a->answer.text) > 0);
    json_array_foreach(json_object_get(result, "findings"), i, finding)
    {
        char *more = NULL;

        assert_true(asprintf(&more, "%s\n%s|%s|%s|%s", words,
                             json_string_value(json_object_get(finding, "code")),
                             json_string_value(json_object_get(finding, "title")),
                             json_string_value(json_object_get(finding, "cause")),
                             json_string_value(json_object_get(finding, "next"))) > 0);
        free(words);
        words = more;
    }
    json_decref(result);
    tb_blob_clear(&blob);
    return words;
}

/* 0: nothing wrong; 1: Secure Boot off; 2: another serial number; 3: a reset without a reboot. */
#define N_STORIES 4

static char *words_of_story(struct world *w, int story, const char *name)
{
    struct soft_host *host = host_new(name);
    struct attempt *a = attempt_new();
    char *words;

    enrol_with(w, host, NULL, say_everywhere, TB_ENROL_ACTIVE);
    if (strings != NULL)
        say_in_the_path(host->log);
    if (story == 1)
        secure_boot_off(host->log);
    host_boot(host);
    for (int round = 0; round < 2; round++) {
        assert_true(attempt_challenge(w, w->v, host, a));
        attempt_prepare(w, host, a);
        put(a->content.boot_id, sizeof a->content.boot_id, strings != NULL ? strings : "a boot");
        put(a->content.serial, sizeof a->content.serial,
            story == 2        ? "elsewhere"
            : strings != NULL ? strings
                              : "S-1");
        if (strings != NULL) {
            put(a->content.agent_version, sizeof a->content.agent_version, strings);
            put(a->content.tpm.manufacturer, sizeof a->content.tpm.manufacturer, strings);
            put(a->content.tpm.vendor, sizeof a->content.tpm.vendor, strings);
        }
        attempt_bind(w, host, a);
        attempt_sign(host, a);
        assert_true(attempt_send(w, w->v, a));
        host->clock_ms += 1000;
        host->reset_count += story == 3;
    }
    words = words_of(w, host, a);
    attempt_free(a);
    host_free(host);
    return words;
}

static void t73_nothing_that_a_host_says_changes_the_words_of_its_verdict(void **state)
{
    static const char *const headlines[N_STORIES] = { "trusted||", "failed|secureboot.off|",
                                                      "changed|identity.platform|",
                                                      "failed|quote.reset|" };
    struct world *w = *state;
    char name[64];

    world_policy(w, "{\"format\":1,\"name\":\"test\",\"ek_trust\":\"token\"}");
    world_token(w, "token", "", 1000);
    for (int story = 0; story < N_STORIES; story++) {
        char *usual;

        strings = NULL;
        snprintf(name, sizeof name, "usual-%d", story);
        usual = words_of_story(w, story, name);
        assert_memory_equal(usual, headlines[story], strlen(headlines[story]));
        for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
            char *words;

            strings = hostile[i];
            snprintf(name, sizeof name, "trusted-%d-%zu.Secure-Boot-was-on", story, i);
            words = words_of_story(w, story, name);
            assert_string_equal(words, usual);
            free(words);
        }
        free(usual);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(t17_the_policy_decides_what_an_expired_certificate_means),
        CASE(t17_an_expired_certificate_of_an_unknown_root_stays_untrusted),
        CASE(the_policy_of_the_tokens_group_judges_the_enrolment),
        CASE(t64_the_address_of_a_missing_issuer_is_told_and_never_opened),
        CASE(t25_without_a_certificate_the_class_is_the_tpms_own_word),
        CASE(t25_a_certificate_without_a_maker_does_not_make_the_hosts_word_proved),
        CASE(t26_the_certificate_says_who_made_the_tpm_and_another_word_is_told),
        cmocka_unit_test_setup_teardown(t26_evidence_that_names_another_maker_is_told, scene_set_up,
                                        scene_tear_down),
        CASE(t26_a_host_with_a_roca_key_waits_and_then_fails),
        cmocka_unit_test_setup_teardown(t28_evidence_from_another_machine_than_the_enrolled_is_told,
                                        scene_set_up, scene_tear_down),
        CASE(t28_a_tpm_that_asks_again_from_another_machine_is_told_with_both_numbers),
        CASE(t73_nothing_that_a_host_says_changes_the_words_of_its_verdict),
    };

    return cmocka_run_group_tests(tests, set_up_keys, drop_keys);
}
